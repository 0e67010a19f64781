FROM python:3.12 AS builder
ARG POETRY_VERSION=1.8.3
ENV POETRY_HOME=/opt/poetry POETRY_VIRTUALENVS_IN_PROJECT=true
RUN pip install "poetry==$POETRY_VERSION"
WORKDIR /src
COPY pyproject.toml poetry.lock ./
RUN --mount=type=secret,id=pypi-token,required=true --mount=type=cache,id=poetry,target=/root/.cache \
    POETRY_HTTP_BASIC_INTERNAL_PASSWORD=$(cat /run/secrets/pypi-token) poetry install --only main
FROM python:3.12-slim
COPY --from=builder --chown=app:app /src/.venv /src/.venv
ENV PATH=/src/.venv/bin:$PATH
ENTRYPOINT ["python"]
CMD ["-m", "service"]
