FROM node:20
CMD [ \
  "node", \
  "--enable-source-maps", \
  "server.js" \
]
