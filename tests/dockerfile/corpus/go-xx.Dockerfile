FROM --platform=$BUILDPLATFORM tonistiigi/xx:1.5.0 AS xx
FROM --platform=$BUILDPLATFORM golang:1.23-alpine AS build
COPY --from=xx / /
WORKDIR /src
ARG TARGETPLATFORM
RUN xx-apk add --no-cache gcc musl-dev
RUN --mount=type=bind,target=. xx-go build -o /hello && xx-verify /hello
FROM scratch
COPY --from=build /hello /
