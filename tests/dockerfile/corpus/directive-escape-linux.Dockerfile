# escape=`
FROM alpine AS base
ENV A=back\slash B=tick`$A
RUN echo one `
 two
LABEL path="C:\temp" quoted="say `"hi`""
