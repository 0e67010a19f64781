FROM scratch AS empty
FROM empty AS still-empty
COPY a /
FROM still-empty
WORKDIR /w
