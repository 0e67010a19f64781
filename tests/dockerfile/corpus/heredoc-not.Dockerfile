FROM alpine
RUN echo "1 << 2" && awk 'BEGIN { print 1<<2 }' || true
RUN echo "unbalanced <<EOF"
