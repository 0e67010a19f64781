FROM alpine AS Builder
RUN true
FROM alpine AS RUNTIME
COPY --from=BUILDER /a /a
COPY --from=builder /b /b
FROM runtime AS Final
