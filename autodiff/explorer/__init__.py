"""The explorer: a page of its own that steps forward and backward through a graph."""

from .explorer import Explorer, explore

__all__ = ["Explorer", "explore"]
