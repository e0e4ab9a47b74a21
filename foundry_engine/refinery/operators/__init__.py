"""Refinery operators, one a file.

Each has ``Settings`` (a pydantic model), ``SCOPE`` (``row``: every row by itself; ``dataset``: rows seen together) and
``apply(table, settings, constitution) -> table``. Operators add columns and never remove rows; one last step
(``refinery/decide.py``) reads the tags and decides.
"""
