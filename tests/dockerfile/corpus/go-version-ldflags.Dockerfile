ARG GO_VERSION=1.23
ARG ALPINE_VERSION=3.20
FROM golang:${GO_VERSION}-alpine${ALPINE_VERSION} AS builder
# VERSION is stamped into the binary
ARG VERSION=dev
# COMMIT of the sources
ARG COMMIT
RUN go build -ldflags "-X main.version=${VERSION} -X main.commit=${COMMIT}" ./cmd/...
FROM alpine:${ALPINE_VERSION}
COPY --from=builder /go/bin /usr/local/bin
