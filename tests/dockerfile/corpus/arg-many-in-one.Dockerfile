FROM alpine
ARG A=1 B="two words" C D=$A
RUN echo $A $B $C $D
