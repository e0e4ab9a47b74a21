"""Sources of completions, one a file."""
