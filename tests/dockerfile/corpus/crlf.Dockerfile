FROM alpine AS base
RUN echo a && \
    echo b
COPY <<EOF /f
line
EOF
# app is here
FROM base AS app
