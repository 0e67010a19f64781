FROM alpine AS never
COPY --from=also-never /x /x
FROM alpine AS lint
RUN lint
FROM alpine AS prod
