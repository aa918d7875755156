"""The explorer: a page of its own that steps forward and backward through a graph."""
