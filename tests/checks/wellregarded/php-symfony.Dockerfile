FROM php:8.3-fpm-alpine AS base
WORKDIR /app
RUN apk add --no-cache acl fcgi file gettext
RUN set -eux; apk add --no-cache --virtual .build-deps $PHPIZE_DEPS icu-dev libzip-dev; \
	docker-php-ext-install -j$(nproc) intl zip; \
	apk del .build-deps
COPY --from=composer/composer:2-bin --link /composer /usr/bin/composer
ENV COMPOSER_ALLOW_SUPERUSER=1
FROM base AS dev
ENV APP_ENV=dev XDEBUG_MODE=off
CMD ["php-fpm"]
FROM base AS prod
ENV APP_ENV=prod
COPY --link composer.* symfony.* ./
RUN set -eux; composer install --no-cache --prefer-dist --no-dev --no-autoloader --no-scripts --no-progress
COPY --link . ./
RUN composer dump-autoload --classmap-authoritative --no-dev
CMD ["php-fpm"]
