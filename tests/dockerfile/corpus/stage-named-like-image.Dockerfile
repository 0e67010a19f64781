FROM alpine AS alpine
RUN true
FROM alpine
