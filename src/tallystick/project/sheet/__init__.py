"""Mappings as a spreadsheet that business people edit, and back into the files without losing anybody's work."""
