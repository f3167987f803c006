"""FLOOR 2: everything durable, on SQLite or PostgreSQL."""
