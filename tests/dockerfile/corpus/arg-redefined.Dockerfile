ARG X=1
ARG X=${X}2
ARG X=${X}3
FROM alpine
ARG X
ARG X=${X}4
RUN echo $X
