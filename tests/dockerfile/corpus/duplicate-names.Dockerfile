FROM alpine AS base
RUN one
FROM busybox AS base
RUN two
FROM base AS final
COPY --from=base /x /x
