# syntax=docker/dockerfile:1
ARG PYTHON_VERSION=3.11

# base has what every stage needs
FROM python:${PYTHON_VERSION}-slim AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app

# deps installs the locked requirements
FROM base AS deps
COPY requirements.txt .
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --no-cache-dir -r requirements.txt

FROM deps AS test
COPY requirements-dev.txt .
RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements-dev.txt
COPY . .
RUN pytest -q

FROM deps AS prod
COPY src/ src/
USER 1000:1000
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s CMD ["python", "-m", "app.health"]
CMD ["gunicorn", "app:create()", "-b", "0.0.0.0:8000"]
