"""Guesses how a log is written and which of its columns are meant; a person says whether they are right."""
