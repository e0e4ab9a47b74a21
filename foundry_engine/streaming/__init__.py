"""Work in streams that survive an interruption: the journal."""
