FROM golang:1.23 AS builder
WORKDIR /src
ARG GOARCH=amd64
ENV GOBIN=/usr/local/bin
COPY . .
RUN make GOARCH=$GOARCH
FROM busybox:musl AS busybox
FROM scratch AS kaniko-base
COPY --from=builder --chown=0:0 /src/out/executor /kaniko/executor
ENV HOME=/root USER=root PATH=/usr/local/bin:/kaniko
WORKDIR /workspace
ENTRYPOINT ["/kaniko/executor"]
FROM kaniko-base AS kaniko-debug
ENV PATH=/usr/local/bin:/kaniko:/busybox
COPY --from=busybox /bin /busybox
VOLUME /busybox
