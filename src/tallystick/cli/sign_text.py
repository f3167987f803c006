"""Who answers for a mapping, said in plans and runs and noted with what a run wrote."""

from collections.abc import Iterator, Mapping
from typing import Any

from tallystick.project.sign_off import SignOff


def sign_lines(sign_offs: Mapping[str, SignOff], pair: str) -> Iterator[str]:
    """Say who signed a mapping off; nothing where nobody did."""
    if pair in sign_offs:
        yield sign_offs[pair].words


def sign_document(sign_offs: Mapping[str, SignOff], pair: str) -> dict[str, Any] | None:
    """Write a mapping's signature as JSON."""
    return sign_offs[pair].document() if pair in sign_offs else None


def sign_words(actor: str, sign_offs: Mapping[str, SignOff]) -> str:
    """Add to who carries a run out which of its mappings are signed off, for the audit trail."""
    held = [f"{name} signed off by {one.by} ({one.hash})" for name, one in sign_offs.items() if one.holds]
    return "; ".join((actor, *held))
