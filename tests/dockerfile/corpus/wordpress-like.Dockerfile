FROM php:8.2-fpm
RUN set -eux; \
	\
	savedAptMark="$(apt-mark showmanual)"; \
	\
	apt-get update; \
# comment without indentation
	apt-get install -y libfreetype6-dev; \
	{ \
		echo 'opcache.memory_consumption=128'; \
	} > /usr/local/etc/php/conf.d/opcache.ini
VOLUME /var/www/html
COPY --chown=www-data:www-data wp-config-docker.php /usr/src/wordpress/
CMD ["php-fpm"]
