ARG FLAVOR=slim
FROM alpine AS full
RUN echo full
FROM alpine AS slim
RUN echo slim
FROM ${FLAVOR} AS final
RUN echo final
