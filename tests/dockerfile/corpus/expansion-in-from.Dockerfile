ARG REGISTRY=docker.io
ARG IMAGE=library/alpine
ARG VARIANT
FROM ${REGISTRY}/${IMAGE}:3${VARIANT:+-$VARIANT} AS one
FROM "alpine" AS two
FROM ${REGISTRY}/${IMAGE}:latest AS three
