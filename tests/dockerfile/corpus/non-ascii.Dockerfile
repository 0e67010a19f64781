# café is a stage? no, a comment
FROM alpine AS base
LABEL author="Zoë Müller" emoji="🐳"
RUN echo "日本語 $HOME"
COPY --chown=1:1 données /données/
