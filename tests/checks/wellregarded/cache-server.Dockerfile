FROM alpine:3.20
RUN addgroup --system --gid 11211 memcache && adduser --system --uid 11211 --ingroup memcache --disabled-password memcache
RUN apk add --no-cache libsasl
ENV MEMCACHED_VERSION 1.6.32
ENV MEMCACHED_SHA1 cd5e5b5a0bd9a6a0b1b4bb7a6a2a7e2f7c0b9f3a
RUN set -eux; \
	apk add --no-cache --virtual .build-deps ca-certificates coreutils cyrus-sasl-dev gcc libc-dev libevent-dev linux-headers make openssl openssl-dev; \
	wget -O memcached.tar.gz "https://memcached.org/files/memcached-$MEMCACHED_VERSION.tar.gz"; \
	echo "$MEMCACHED_SHA1  memcached.tar.gz" | sha1sum -c -; \
	make -j "$(nproc)"; make install; \
	runDeps="$(scanelf --needed --nobanner --format '%n#p' --recursive /usr/local)"; \
	apk add --no-network --virtual .memcached-rundeps $runDeps; \
	apk del --no-network .build-deps; \
	memcached -V
COPY docker-entrypoint.sh /usr/local/bin/
ENTRYPOINT ["docker-entrypoint.sh"]
USER memcache
EXPOSE 11211
CMD ["memcached"]
