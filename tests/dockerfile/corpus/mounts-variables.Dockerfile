FROM alpine
ARG CACHE=pip
ENV TYPE=cache DIR=/var/cache
RUN --mount=type=$TYPE,id=${CACHE}-cache,target=$DIR/${CACHE} true
RUN --mount=type=secret,id=${CACHE}_token true
