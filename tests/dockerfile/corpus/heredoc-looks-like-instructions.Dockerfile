FROM alpine
COPY <<Dockerfile /gen/
FROM busybox AS inner
RUN echo not ours
ARG NOT_OURS=1
Dockerfile
RUN echo done
