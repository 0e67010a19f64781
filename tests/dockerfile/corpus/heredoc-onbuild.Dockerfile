FROM alpine AS parent
ONBUILD RUN <<EOF
echo from the parent
EOF
FROM parent AS child
RUN true
