FROM alpine
SHELL ["/bin/sh", "-ec"]
RUN a
SHELL ["cmd", "/S", "/C"]
CMD dir
