"""The command line: one file a group of commands; the words a user reads are chosen here."""
