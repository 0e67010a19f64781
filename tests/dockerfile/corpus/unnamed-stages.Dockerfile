FROM alpine
RUN echo 0
FROM alpine
RUN echo 1
FROM alpine
