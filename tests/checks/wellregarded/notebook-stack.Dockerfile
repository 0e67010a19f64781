ARG ROOT_IMAGE=ubuntu:24.04
FROM $ROOT_IMAGE
LABEL maintainer="Notebook Project <notebook@example.com>"
ARG NB_USER="jovyan"
ARG NB_UID="1000"
ARG NB_GID="100"
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
USER root
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update --yes && apt-get upgrade --yes && \
    apt-get install --yes --no-install-recommends bzip2 ca-certificates locales sudo tini wget && \
    apt-get clean && rm -rf /var/lib/apt/lists/* && \
    echo "en_US.UTF-8 UTF-8" > /etc/locale.gen && locale-gen
ENV CONDA_DIR=/opt/conda SHELL=/bin/bash NB_USER="${NB_USER}" NB_UID=${NB_UID} NB_GID=${NB_GID}
ENV PATH="${CONDA_DIR}/bin:${PATH}" HOME="/home/${NB_USER}"
COPY fix-permissions /usr/local/bin/fix-permissions
RUN chmod a+rx /usr/local/bin/fix-permissions
RUN useradd --no-log-init --create-home --shell /bin/bash --uid "${NB_UID}" --no-user-group "${NB_USER}" && \
    mkdir -p "${CONDA_DIR}" && chown "${NB_USER}:${NB_GID}" "${CONDA_DIR}" && fix-permissions "${CONDA_DIR}"
USER ${NB_UID}
ARG PYTHON_VERSION=3.12
WORKDIR /tmp
RUN set -x && wget --progress=dot:giga -O - https://micro.mamba.pm/api/micromamba/linux-64/latest | tar -xvj bin/micromamba && \
    ./bin/micromamba install --root-prefix="${CONDA_DIR}" --yes 'jupyter_core' && rm -rf /tmp/bin/
ENTRYPOINT ["tini", "-g", "--", "start.sh"]
EXPOSE 8888
CMD ["start-notebook.py"]
COPY start-notebook.py /usr/local/bin/
WORKDIR "${HOME}"
