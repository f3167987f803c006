"""Two-way value translations, one family a file."""
