FROM alpine
ARG OWNER=app
COPY --chown=${OWNER}:${OWNER} --chmod=0755 --link a b /dest/
COPY --link=false . .
ADD --chown=1000 --chmod=644 --link x /x
