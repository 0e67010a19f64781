FROM alpine AS a
RUN --mount=type=secret,id=one true
FROM alpine AS b
RUN --mount=type=secret,id=two,required=false true
FROM scratch
COPY --from=a / /a
COPY --from=b / /b
