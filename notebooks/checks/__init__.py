"""Checks of the exercises: ``check("two_paths.1", answer)`` says whether an answer is right, and if not, what is wrong.

They need the standard library alone, and a lesson's checks are in the file of its name.  ``judging.py`` is what runs
them, ``comparing.py`` and ``graphs.py`` what they have in common.
"""

from .judging import Verdict, check

__all__ = ["Verdict", "check"]
