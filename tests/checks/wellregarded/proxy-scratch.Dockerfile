FROM alpine:3.20 AS certs
RUN apk add --no-cache --no-progress ca-certificates tzdata
FROM scratch
COPY --from=certs /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=certs /usr/share/zoneinfo /usr/share/zoneinfo
ARG TARGETPLATFORM
COPY dist/$TARGETPLATFORM/proxy /
EXPOSE 80
VOLUME ["/tmp"]
ENTRYPOINT ["/proxy"]
