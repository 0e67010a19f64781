"""
A run as one HTML file: it asks nobody for anything, and works from ``file:``.

``page`` puts it together, of parts that each have a module; ``markup`` makes elements in which no
text can become markup; ``style.css`` and ``script.js`` are put into the page as they are. Pure.
"""
