FROM hashicorp/terraform:1.9 AS terraform
FROM alpine/helm:3.16.1 AS helm
FROM bitnami/kubectl:1.31 AS kubectl
FROM alpine:3.20 AS tools
COPY --from=terraform /bin/terraform /usr/local/bin/
COPY --from=helm /usr/bin/helm /usr/local/bin/
COPY --from=kubectl /opt/bitnami/kubectl/bin/kubectl /usr/local/bin/
