FROM --platform=linux/arm64 alpine AS arm
FROM --platform=linux/amd64 alpine AS amd
FROM --platform=linux/arm/v7 alpine AS armv7
FROM scratch
COPY --from=arm /bin /arm
COPY --from=amd /bin /amd
COPY --from=armv7 /bin /armv7
