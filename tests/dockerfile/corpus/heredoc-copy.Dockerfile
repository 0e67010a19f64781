FROM nginx:alpine
ARG SERVER_NAME=example.com
COPY <<EOF /etc/nginx/conf.d/default.conf
server {
  server_name $SERVER_NAME;
  location / { return 200 "$uri \$host"; }
}
EOF
