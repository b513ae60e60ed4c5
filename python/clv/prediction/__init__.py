"""Models of purchases and spend, and measures of how good they are. A library: no files, no database."""
