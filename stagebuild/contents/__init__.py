"""
What is in an image: its files, packages, user, environment and labels, read from its layers.

Nothing is run, and no layer is held in memory: ``streams`` unpacks, ``tarheaders`` finds the
entries, ``layers`` and ``merging`` make the file system of them (all pure but for the reading of
what they are given); ``layouts``, ``archives`` and ``remote`` read an OCI layout, what ``docker
save`` writes, and a registry; ``finding`` tells which of these has an image.
"""
