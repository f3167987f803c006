"""FLOOR 0: what agreement means. No I/O, no clock, no randomness."""
