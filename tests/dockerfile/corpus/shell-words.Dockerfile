FROM alpine
ENV ONE="two words" THREE=four\ words FIVE='$not expanded'
LABEL "com.example.vendor"="ACME Inc." com.example.empty="" multi="line \
continues"
ENV LEGACY a value with   spaces
