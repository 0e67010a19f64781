FROM rust:1.81 AS build
RUN rustup target add x86_64-unknown-linux-musl
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=target,sharing=private \
    cargo install --path . --target x86_64-unknown-linux-musl
FROM scratch
COPY --from=build --link /usr/local/cargo/bin/app /app
ENTRYPOINT ["/app"]
