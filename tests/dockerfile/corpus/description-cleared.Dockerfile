# app is lost
#
FROM alpine AS app
# app2 first
# app2 second
FROM app AS app2

# app3 survives a blank line

FROM app AS app3
