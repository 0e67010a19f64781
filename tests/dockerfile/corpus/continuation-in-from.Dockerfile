FROM \
  alpine:3.20 \
  AS \
  base
ENV A=1 \
    # a comment between
    B=2
