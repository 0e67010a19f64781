FROM alpine
RUN --network=host wget example.com
RUN --network=default true
