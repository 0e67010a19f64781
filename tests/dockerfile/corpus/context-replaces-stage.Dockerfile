FROM alpine AS vendor
RUN expensive
FROM busybox
COPY --from=vendor /v /v
