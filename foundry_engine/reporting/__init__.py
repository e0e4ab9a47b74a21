"""Figures and tables as one self-contained HTML page."""
