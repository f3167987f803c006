"""FLOOR 2: pull, decide, plan, brake, push. All I/O is an effect."""
