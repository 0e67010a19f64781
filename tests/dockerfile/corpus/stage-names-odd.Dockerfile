FROM alpine AS a
FROM alpine AS a1.b_c-d
FROM alpine AS x--y
FROM a1.b_c-d AS z
