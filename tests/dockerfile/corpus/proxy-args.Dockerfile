FROM alpine
ARG HTTP_PROXY
ARG no_proxy=localhost
RUN wget example.com
