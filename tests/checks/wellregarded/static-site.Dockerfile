FROM hugomods/hugo:exts-0.136.5 AS build
WORKDIR /src
COPY . .
RUN hugo --minify --gc
FROM nginxinc/nginx-unprivileged:1.27-alpine
COPY --from=build /src/public /usr/share/nginx/html
EXPOSE 8080
