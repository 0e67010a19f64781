FROM composer:2 AS vendor
WORKDIR /app
COPY composer.json composer.lock ./
RUN composer install --ignore-platform-reqs --no-dev
FROM php:8.3-fpm-alpine
RUN set -eux; \
	apk add --no-cache --virtual .build-deps $PHPIZE_DEPS; \
	docker-php-ext-install pdo_mysql; \
	apk del .build-deps
COPY --from=vendor /app/vendor /var/www/vendor
VOLUME /var/www/storage
VOLUME ["/var/log/php", "/tmp/cache"]
