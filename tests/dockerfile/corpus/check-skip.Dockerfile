# check=skip=JSONArgsRecommended;error=false
FROM alpine
CMD echo hi
