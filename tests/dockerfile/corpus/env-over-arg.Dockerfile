FROM alpine AS base
ARG V=arg
ENV V=env
ARG W=arg2
FROM base AS child
ARG V=child
ENV W=$W OUT=$V
