FROM ghcr.io/astral-sh/uv:0.4.20 AS uv
FROM python:3.13-slim-bookworm AS build
COPY --from=uv /uv /usr/local/bin/uv
ENV UV_LINK_MODE=copy
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    uv sync --frozen --no-install-project
FROM gcr.io/distroless/python3-debian12:nonroot
COPY --from=build /app /app
CMD ["/app/main.py"]
