ARG BASE=node:20-alpine
FROM ${BASE} AS base
WORKDIR /repo
FROM base AS deps
COPY package.json pnpm-lock.yaml ./
RUN --mount=type=cache,target=/store,id=pnpm pnpm fetch
FROM deps AS api-build
COPY packages/api packages/api
RUN pnpm --filter api build
FROM deps AS web-build
COPY packages/web packages/web
# API_URL baked into the bundle
ARG API_URL=https://api.example.com
RUN pnpm --filter web build
FROM base AS api
COPY --from=api-build /repo/packages/api/dist dist
CMD ["node", "dist"]
FROM nginx:1.27 AS web
COPY --from=web-build /repo/packages/web/dist /usr/share/nginx/html
FROM scratch AS artifacts
COPY --from=api-build /repo/packages/api/dist /api
COPY --from=web-build /repo/packages/web/dist /web
