FROM alpine AS a
ONBUILD RUN echo once
FROM a AS b
FROM b AS c
RUN echo c
