FROM alpine AS none
HEALTHCHECK NONE
FROM alpine AS shell
HEALTHCHECK --interval=5m --timeout=3s --start-period=1m30s --start-interval=5s --retries=3 \
  CMD curl -f http://localhost/ || exit 1
FROM alpine AS exec
healthcheck cmd ["true"]
