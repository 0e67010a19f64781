FROM alpine
ENV DATA=/data
VOLUME $DATA /other ${DATA}/sub
