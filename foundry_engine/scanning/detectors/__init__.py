r"""Detectors, one family of kinds a file: ``find(folded text)`` gives matches, in time linear in the text.

Patterns look around for digits and letters themselves: ``\b`` does not exist between a Chinese character and a digit.
"""
