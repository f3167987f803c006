"""Twins: stateful fake business systems on loopback, with real HTTP, SQLite inside and faults on demand."""
