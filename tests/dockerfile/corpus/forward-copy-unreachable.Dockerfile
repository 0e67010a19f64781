FROM alpine AS early
COPY --from=late /x /x
FROM alpine AS late
