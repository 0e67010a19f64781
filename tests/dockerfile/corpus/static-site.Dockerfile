FROM scratch
COPY index.html /
