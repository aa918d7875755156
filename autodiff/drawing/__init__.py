"""Pictures of graphs: what was computed, every local derivative, and what each contributes to a gradient."""

from .drawing import Drawing, OptionError, draw

__all__ = ["Drawing", "OptionError", "draw"]
