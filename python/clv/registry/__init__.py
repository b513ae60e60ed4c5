"""Model files, cards and the append-only champion manifest."""
