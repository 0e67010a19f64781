FROM debian:12
RUN cat <<'A' > /a && cat <<B > /b && sh -c "cat /a /b"
A is literal: $HOME
A
B is not: $HOME
B
RUN bash <<-EOS
	echo tabs are cut
	EOS
