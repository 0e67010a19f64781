


FROM alpine

RUN true
