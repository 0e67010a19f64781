FROM python:3.12-slim AS prod
WORKDIR /srv
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY app/ app/
USER 10001:10001
CMD ["python", "-m", "app"]
FROM prod AS debug
USER root
RUN apt-get update && apt-get install -y strace gdb && rm -rf /var/lib/apt/lists/*
