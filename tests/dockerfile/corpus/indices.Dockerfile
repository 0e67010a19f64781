FROM golang:1.23
RUN go build -o /a ./a
FROM golang:1.23
RUN go build -o /b ./b
FROM alpine
COPY --from=0 /a /usr/bin/a
COPY --from=1 /b /usr/bin/b
