#!/usr/bin/env -S docker build . -f
FROM alpine
RUN true
