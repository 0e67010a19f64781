FROM alpine AS root
FROM root AS left
RUN echo left > /left
FROM root AS right
RUN echo right > /right
FROM scratch
COPY --from=left /left /
COPY --from=right /right /
