"""What a mutant is: a rule, and the text that takes it out."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One rule, what of it is removed, where, and the test that fails without it."""

    rule: str
    removed: str
    module: str
    old: str
    new: str
    test: str

    @property
    def name(self) -> str:
        """Name the mutant: several may be of one rule."""
        return f"{self.rule}: {self.removed}"
