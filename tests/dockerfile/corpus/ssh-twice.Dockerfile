FROM alpine AS a
RUN --mount=type=ssh git clone one
RUN --mount=type=ssh,required=true git clone two
FROM a
RUN --mount=type=ssh,id=deploy git clone three
