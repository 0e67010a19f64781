FROM alpine:3.20
RUN <<EOF
apk add --no-cache curl
curl -sSf https://example.com > /dev/null || true
EOF
