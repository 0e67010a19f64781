FROM gcc:13 AS build
RUN <<EOF
set -e
apt-get update
apt-get install -y cmake ninja-build
EOF
COPY . /src
RUN cmake -S /src -B /build -G Ninja && ninja -C /build
FROM debian:12-slim
COPY --from=build /build/server /usr/bin/server
