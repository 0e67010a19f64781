FROM alpine
RUN --mount=from=busybox:1.36,source=/bin,target=/busybox /busybox/ls
RUN --mount=type=cache,from=busybox:1.36,target=/c true
