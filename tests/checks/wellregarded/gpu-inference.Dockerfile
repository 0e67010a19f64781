FROM nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04 AS base
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv && rm -rf /var/lib/apt/lists/*
FROM nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04 AS build
RUN apt-get update && apt-get install -y python3 python3-dev python3-venv && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/venv
COPY requirements.txt .
RUN --mount=type=cache,target=/root/.cache/pip /opt/venv/bin/pip install -r requirements.txt
COPY csrc/ csrc/
RUN --mount=type=cache,target=/root/.cache/pip /opt/venv/bin/pip install ./csrc
FROM base AS serving
COPY --from=build /opt/venv /opt/venv
COPY server/ /opt/server/
RUN useradd --uid 10001 serve
USER 10001
ENV HF_HOME=/models
ENTRYPOINT ["/opt/venv/bin/python", "-m", "server"]
