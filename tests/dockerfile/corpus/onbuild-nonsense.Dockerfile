FROM alpine
ONBUILD FROBNICATE all the things
ONBUILD COPY onlyone
