"""Text to numbers: the one definition every runtime follows."""
