FROM debian:12
RUN cat /proc/self/fd/3 3<<EOF
three
EOF
