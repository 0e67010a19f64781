FROM alpine AS one
FROM busybox
RUN --mount=from=one,target=/one ls /one
