FROM debian:bookworm AS toolchain
RUN apt-get update && apt-get install -y --no-install-recommends cmake g++ ninja-build git ca-certificates && rm -rf /var/lib/apt/lists/*
FROM toolchain AS build
WORKDIR /src
COPY CMakeLists.txt .
COPY src/ src/
RUN cmake -G Ninja -DCMAKE_BUILD_TYPE=Release -S . -B /build && cmake --build /build --target server
FROM debian:bookworm-slim AS runtime
COPY --from=build /build/server /usr/local/bin/server
USER 65534:65534
ENTRYPOINT ["server"]
