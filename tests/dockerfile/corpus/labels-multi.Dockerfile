FROM alpine
LABEL a=1 b=2
LABEL c="3" \
      d='4' \
      e=five
ARG L=dyn
LABEL $L=v "k with space"=x
