FROM python:3.11-slim AS app
WORKDIR /code
COPY manage.py .
COPY project project
RUN SECRET_KEY=x python manage.py collectstatic --noinput
FROM nginx:1.27-alpine AS static
COPY --from=app /code/static /usr/share/nginx/html/static
FROM app AS web
CMD gunicorn project.wsgi
