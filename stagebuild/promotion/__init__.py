"""
The image that one environment runs becomes another's, without a rebuild.

``choosing`` finds the image and whether it may be promoted, in the history and the registry;
``promoting`` writes the tags. What is promoted is the digest that the gates have seen.
"""

from stagebuild.promotion.choosing import plan_promotion
from stagebuild.promotion.promoting import promote
from stagebuild.promotion.values import Promotion, TagMove

__all__ = ["Promotion", "TagMove", "plan_promotion", "promote"]
