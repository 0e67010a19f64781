FROM python:3.11 AS wheels
WORKDIR /wheels
COPY requirements.txt ./
RUN pip wheel -r requirements.txt
FROM python:3.11-slim
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels pip install /wheels/*.whl
