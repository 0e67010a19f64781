"""
What registries have, and what they are given: digests of references, locks, promotions.

``digests`` answers which digest a reference has now; ``bases`` looks at base images for a lock;
``copying`` gives an image that is in a registry further names.
"""

from stagebuild.registry.digests import KEPT_S, ImageDigests

__all__ = ["KEPT_S", "ImageDigests"]
