FROM python:3.11 AS py311
FROM python:3.12 AS py312
FROM python:3.13 AS py313
FROM py311 AS test-311
RUN pytest
FROM py312 AS test-312
RUN pytest
FROM py313 AS test-313
RUN pytest
FROM scratch AS reports
COPY --from=test-311 /r /311/
COPY --from=test-312 /r /312/
COPY --from=test-313 /r /313/
