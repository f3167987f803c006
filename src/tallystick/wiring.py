"""FLOOR 4: the only file that knows every room."""
