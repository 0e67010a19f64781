FROM alpine
RUN ["echo", "exec form"]
COPY ["with space.txt", "/dest dir/"]
ADD ["a", "b", "/c/"]
VOLUME ["/data"]
SHELL ["/bin/ash", "-eo", "pipefail", "-c"]
ENTRYPOINT ["/bin/echo"]
CMD ["a", "b \" c", "\u00e9"]
