"""FLOOR 3: the check list as a wing of the house, one room a question."""
