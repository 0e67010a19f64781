FROM node:20 AS onbuild
ONBUILD ARG NODE_ENV=production
ONBUILD ENV NODE_ENV=$NODE_ENV
ONBUILD COPY package.json /app/
ONBUILD RUN npm install
FROM onbuild AS app
CMD ["npm", "start"]
