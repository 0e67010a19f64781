ARG GO_VERSION=1.23
ARG XX_VERSION=1.5.0
FROM --platform=$BUILDPLATFORM tonistiigi/xx:${XX_VERSION} AS xx
FROM --platform=$BUILDPLATFORM golang:${GO_VERSION}-alpine AS base
COPY --from=xx / /
WORKDIR /src
FROM base AS version
ARG CHANNEL
RUN --mount=target=. <<EOF
  set -e
  git describe --tags > /tmp/.version
EOF
FROM base AS build
ARG LDFLAGS="-w -s"
ARG TARGETPLATFORM
RUN --mount=target=. --mount=type=cache,target=/root/.cache \
  --mount=source=/tmp/.version,target=/tmp/.version,from=version \
  xx-go build -ldflags "$LDFLAGS" -o /dockerfile-frontend ./cmd
FROM scratch AS release
LABEL moby.buildkit.frontend.network.none="true"
COPY --from=build /dockerfile-frontend /bin/dockerfile-frontend
ENTRYPOINT ["/bin/dockerfile-frontend"]
FROM base AS buildid-check
RUN --mount=from=build,target=/build test -f /build/dockerfile-frontend
FROM release
COPY --from=buildid-check /ok /
