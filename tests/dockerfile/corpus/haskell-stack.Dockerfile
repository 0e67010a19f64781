FROM haskell:9.4 as build
RUN stack --version
FROM debian:11
COPY --from=0 /root/.local/bin/app /app
