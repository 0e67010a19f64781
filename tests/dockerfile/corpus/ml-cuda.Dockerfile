ARG CUDA=12.4.1
ARG UBUNTU=22.04
FROM nvidia/cuda:${CUDA}-cudnn-devel-ubuntu${UBUNTU} AS devel
ARG DEBIAN_FRONTEND=noninteractive
# TORCH_CUDA_ARCH_LIST for which kernels are compiled
ARG TORCH_CUDA_ARCH_LIST="7.0 7.5 8.0+PTX"
RUN --mount=type=cache,target=/root/.cache/pip pip install torch
FROM nvidia/cuda:${CUDA}-runtime-ubuntu${UBUNTU} AS runtime
COPY --from=devel /opt/venv /opt/venv
ENV LD_LIBRARY_PATH=/opt/lib:${LD_LIBRARY_PATH:-}
