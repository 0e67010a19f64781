"""
Other tools' files: bake files out and in, Compose files in. Pure, but for what runs buildx.

What a file can't carry is named in a warning each, never dropped silently.
"""
