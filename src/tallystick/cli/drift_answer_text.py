"""What became of new fields, in words: what was mapped and how to move it, what they may be, what could not be done."""

from collections.abc import Iterator

from tallystick.cli.drift_answer import Answers
from tallystick.cli.field_text import backfill_lines


def answer_lines(answers: Answers) -> Iterator[str]:
    """Say what came of the policies and of what a person said."""
    for each in answers.mapped:
        made = ", made there for it" if each.made else ""
        yield f"mapped: {each.path} as {each.mapping}.{each.name}, to {each.target}{made}"
        yield from (f"  look at it: {comment}" for comment in each.comments)
        yield from backfill_lines([f"{each.mapping}.{each.name}"])
    for suggested in answers.suggested:
        why = f" ({', '.join(suggested.reasons)})" if suggested.reasons else ""
        yield f"proposed: {suggested.path} may be '{suggested.target}' of {suggested.mapping}{why}"
        yield f"  if it is: {suggested.command}"
    for path, why in answers.refused.items():
        yield f"not mapped: {path}: {why}"
