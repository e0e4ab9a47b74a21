"""A model server that is none: Gemini and OpenAI shapes, seeded answers, faults on request, everything counted."""
