FROM alpine
COPY <<EOF /empty
EOF
RUN <<EOF
EOF
