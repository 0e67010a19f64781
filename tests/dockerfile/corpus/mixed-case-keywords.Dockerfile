From alpine As base
Run echo a
From alpine
COPY --from=Base /a /b
