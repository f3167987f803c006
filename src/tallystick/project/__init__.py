"""FLOOR 1: project files to frozen models to core objects."""
