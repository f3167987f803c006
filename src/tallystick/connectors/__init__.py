"""FLOOR 2: one file per protocol; a vendor is a manifest."""
