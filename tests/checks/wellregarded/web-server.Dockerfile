FROM alpine:3.20
LABEL maintainer="Web Maintainers <docker@example.com>"
ENV WEB_VERSION=1.27.0 PKG_RELEASE=1
RUN set -x \
    && addgroup -g 101 -S web \
    && adduser -S -D -H -u 101 -h /var/cache/web -s /sbin/nologin -G web web \
    && apk add --no-cache --virtual .build-deps gcc libc-dev make openssl-dev pcre2-dev zlib-dev linux-headers \
    && ./configure && make && make install \
    && apk del --no-network .build-deps \
    && apk add --no-cache tzdata curl ca-certificates \
    && ln -sf /dev/stdout /var/log/web/access.log
COPY docker-entrypoint.sh /
COPY 10-listen-on-ipv6-by-default.sh /docker-entrypoint.d/
ENTRYPOINT ["/docker-entrypoint.sh"]
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["web", "-g", "daemon off;"]
