FROM alpine
RUN --mount='type=cache,"target=/a,b"' --mount="type=tmpfs,target=/t" true
