"""
Which builds differ from what they were at a commit, because of what is under version control.

``checkout`` asks git what has changed, ``earlier`` is the world as it was, for planning and for
fingerprints, and ``comparing`` plans and fingerprints every build in both worlds.
"""

from stagebuild.changes.comparing import Changes, changed_since

__all__ = ["Changes", "changed_since"]
