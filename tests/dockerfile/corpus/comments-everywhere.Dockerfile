#
# a comment that is not a directive

# base stage of all
# base is described here
FROM alpine AS base
  # indented comment
RUN echo a \
    # inside a continuation
    && echo b \

    && echo c
# trailing
