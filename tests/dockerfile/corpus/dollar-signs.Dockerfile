FROM alpine
ENV A=$ B=$$ C=a$ D="$" E=${A}$ F=$1x G=$@
RUN echo $PATH ${PATH} \$PATH '$PATH'
COPY a$b /c${d}e/
