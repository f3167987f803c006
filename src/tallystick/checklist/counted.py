"""Counts with their nouns, for people."""


def counted(count: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun.

    >>> counted(1, "record"), counted(2000, "record"), counted(0, "entry", "entries")
    ('1 record', '2,000 records', '0 entries')
    """
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
