# check=skip=all
# Escape = \
# not a directive
# escape=`
FROM alpine
RUN echo a \
 b
