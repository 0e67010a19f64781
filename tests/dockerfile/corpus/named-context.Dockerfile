FROM base-image AS base
COPY --from=assets logo.svg /
FROM app-src AS src
FROM base
COPY --from=src . /src
