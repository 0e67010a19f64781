FROM perl:5.38
MAINTAINER Jo Doe <jo@example.com>
ENV LANG C.UTF-8
LABEL version 1.0
ADD app.tar.gz /srv/
CMD perl /srv/app.pl
