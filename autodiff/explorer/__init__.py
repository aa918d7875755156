"""The explorer: a page of its own that steps forward and backward through a graph."""

from .explorer import Explorer, explore
from .panels import Cut, Numbers

__all__ = ["Cut", "Explorer", "Numbers", "explore"]
