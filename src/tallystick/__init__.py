"""Tallystick: keeps the records of two business systems in step and proves it."""

__version__ = "0.1.0"
