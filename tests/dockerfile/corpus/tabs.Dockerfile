FROM	alpine	AS	base
RUN	echo	tabbed
	ENV	A=b
