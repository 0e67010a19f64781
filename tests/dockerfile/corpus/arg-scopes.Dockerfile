# GLOBAL is visible to FROM
ARG GLOBAL=one
# DERIVED depends on GLOBAL
ARG DERIVED=${GLOBAL}-two
FROM alpine AS a
ARG GLOBAL
ARG LOCAL=${GLOBAL}-local
FROM alpine AS b
# GLOBAL again, with a default of its own
ARG GLOBAL=other
ENV GLOBAL=env
FROM a AS c
ARG DERIVED
RUN echo $LOCAL $DERIVED
