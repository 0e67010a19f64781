FROM alpine AS assets
FROM alpine AS framework
ONBUILD COPY --from=assets /a /a
ONBUILD RUN --mount=type=secret,id=license cat /run/secrets/license
FROM framework AS app
FROM framework AS worker
RUN true
