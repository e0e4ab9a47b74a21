"""Micro-Model Foundry: from a written law to a tiny, exact model and the proof of it."""
