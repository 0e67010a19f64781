ARG TARGETARCH
FROM alpine AS build-amd64
ENV CC=gcc
FROM alpine AS build-arm64
ENV CC=aarch64-linux-gnu-gcc
FROM build-${TARGETARCH} AS build
RUN echo $CC
FROM scratch
COPY --from=build /out /
