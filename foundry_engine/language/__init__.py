"""What can be told of a text by its characters: its script, and how people mistype it."""
