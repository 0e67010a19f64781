FROM alpine AS data
FROM debian:12
RUN --mount=type=cache,id=apt,target=/var/cache/apt,sharing=locked,mode=0755,uid=0,gid=0 \
    --mount=type=tmpfs,target=/tmp,size=64m \
    --mount=type=bind,from=data,source=/etc,target=/mnt,rw \
    --mount=type=secret,id=aws,target=/root/.aws/credentials,required \
    --mount=type=secret,id=token,env=TOKEN \
    --mount=type=ssh,id=default \
    --network=none \
    true
RUN --mount=type=secret,source=legacy,target=/x --mount=type=secret,target=/run/secrets/by-target true
