FROM alpine
RUN [ "$(id -u)" = 0 ]
RUN ['single', 'quotes']
CMD [ echo, unquoted ]
ENTRYPOINT ["sh" "-c"]
