ARG EMPTY=
ARG TAG=v1.2.3-rc.1
FROM alpine:${MISSING:-3.20} AS a
ARG TAG
ARG EMPTY
ENV A=${TAG:-x} B=${NOPE:-default} C=${EMPTY:-fallback} D=${EMPTY-kept} E=${TAG:+set} F=${EMPTY:+set} \
    G=${TAG#v} H=${TAG##*.} I=${TAG%-*} J=${TAG%%.*} K=${TAG/rc/beta} L=${TAG//./_}
ENV M=${NOPE:-${TAG:-inner}} N="$A-$B" O='$A' P=\$A Q=$A$B R=${A}b
FROM alpine:${TAG:+3.20}
