"""The rules, one family a file; each is a function from a subject to what it finds."""
