FROM alpine
COPY <<one.txt <<-"two.txt" three.txt /data/
first
one.txt
	second $HOME
	two.txt
RUN cat /data/*
