FROM python:3.12-slim-bookworm AS build
ENV PYTHONDONTWRITEBYTECODE=1
ARG BUILD_ENVIRONMENT=production
RUN apt-get update && apt-get install --no-install-recommends -y build-essential libpq-dev
COPY ./requirements .
RUN pip wheel --wheel-dir /usr/src/app/wheels -r ${BUILD_ENVIRONMENT}.txt
FROM python:3.12-slim-bookworm AS run
ARG BUILD_ENVIRONMENT=production
ARG APP_HOME=/app
ENV PYTHONUNBUFFERED=1
ENV BUILD_ENV=${BUILD_ENVIRONMENT}
WORKDIR ${APP_HOME}
RUN addgroup --system django && adduser --system --ingroup django django
RUN apt-get update && apt-get install --no-install-recommends -y libpq5 gettext \
  && apt-get purge -y --auto-remove -o APT::AutoRemove::RecommendsImportant=false \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /usr/src/app/wheels /wheels/
RUN pip install --no-cache-dir --no-index --find-links=/wheels/ /wheels/* && rm -rf /wheels/
COPY --chown=django:django ./compose/production/django/entrypoint /entrypoint
RUN sed -i 's/\r$//g' /entrypoint && chmod +x /entrypoint
COPY --chown=django:django . ${APP_HOME}
USER django
RUN DATABASE_URL="" REDIS_URL="" DJANGO_SETTINGS_MODULE="config.settings.test" python manage.py compilemessages
ENTRYPOINT ["/entrypoint"]
