FROM hugomods/hugo:exts AS site
COPY . /src
RUN hugo --minify
FROM nginxinc/nginx-unprivileged
COPY --from=site /src/public /usr/share/nginx/html
