"""How alike two texts are: shingles, exact joins, edit distance."""
