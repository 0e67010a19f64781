FROM quay.io/jupyter/base-notebook:2024-10-07
USER root
RUN apt-get update && \
    apt-get install -y --no-install-recommends git && \
    rm -rf /var/lib/apt/lists/*
USER ${NB_UID}
WORKDIR "${HOME}/work"
