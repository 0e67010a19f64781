# syntax=docker/dockerfile:1
ARG GO_VERSION=1.23
ARG XX_VERSION=1.5.0
FROM --platform=$BUILDPLATFORM tonistiigi/xx:${XX_VERSION} AS xx
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-alpine AS golatest
FROM golatest AS gobase
COPY --from=xx / /
RUN apk add --no-cache file git
ENV GOFLAGS=-mod=vendor
ENV CGO_ENABLED=0
WORKDIR /src
FROM gobase AS version
RUN --mount=target=. PKG=github.com/acme/tool VERSION=$(git describe --match 'v[0-9]*' --always --tags) \
    && echo -n "${VERSION}" | tee /tmp/.version
FROM gobase AS build
ARG TARGETPLATFORM
RUN --mount=type=bind,target=. --mount=type=cache,target=/root/.cache \
    --mount=type=bind,from=version,source=/tmp/.version,target=/tmp/.version \
    xx-go --wrap && go build -o /usr/bin/tool . && xx-verify --static /usr/bin/tool
FROM scratch AS binaries-unix
COPY --link --from=build /usr/bin/tool /tool
FROM binaries-unix AS binaries-linux
FROM binaries-unix AS binaries-darwin
FROM binaries-$TARGETOS AS binaries
FROM alpine:3.20 AS release
RUN apk add --no-cache ca-certificates
COPY --from=binaries /tool /usr/bin/tool
ENTRYPOINT ["tool"]
