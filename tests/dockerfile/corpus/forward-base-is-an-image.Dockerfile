FROM later AS early
FROM alpine AS later
