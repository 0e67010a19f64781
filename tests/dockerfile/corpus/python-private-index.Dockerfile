FROM python:3.11-slim
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL=https://pypi.org/simple
RUN --mount=type=secret,id=netrc,target=/root/.netrc,mode=0400,uid=0,gid=0 pip install acme
