# syntax=docker/dockerfile:1
FROM debian:12-slim AS tools
ARG KUBECTL=1.31.2
RUN <<EOT
  set -eu
  apt-get update
  apt-get install -y --no-install-recommends ca-certificates curl
  rm -rf /var/lib/apt/lists/*
EOT
ADD --checksum=sha256:399e9d1995da80b64d2ef3606c1a239018660d8b35209fba3f7b0bc11c631c68 \
    --chmod=0755 https://dl.k8s.io/release/v1.31.2/bin/linux/amd64/kubectl /usr/local/bin/kubectl
COPY <<EOT /etc/profile.d/tools.sh
export KUBE_EDITOR=vi
EOT
USER 10001
ENTRYPOINT ["kubectl"]
