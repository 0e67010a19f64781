FROM alpine
COPY --exclude=*.md --exclude=docs/** . /src
ADD --exclude=*.log . /add
