FROM alpine
FROM busybox
COPY --from=+0 /etc/os-release /
