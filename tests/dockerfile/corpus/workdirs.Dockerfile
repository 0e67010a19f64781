FROM alpine
WORKDIR /
WORKDIR relative
WORKDIR "/with space"
WORKDIR ${NOPE:-/fallback}
