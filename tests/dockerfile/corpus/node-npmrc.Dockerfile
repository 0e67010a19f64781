FROM node:20 AS deps
RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci
FROM deps AS lint
RUN npm run lint
FROM deps AS unit
RUN npm test -- --ci
