"""
What an image came to, against what it may come to. Pure: the image was read by ``contents``.

``values`` are what is told of it, ``checking`` makes them.
"""
