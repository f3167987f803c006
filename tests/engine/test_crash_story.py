"""A death at any door of the canonical story changes nothing that people see (I-12, T4, Q2).

``make crashes`` plays every door of every kind of system; without it, a sample is drawn evenly.
"""

import os
from pathlib import Path

import pytest
from story import IDEMS, tell

ALL = bool(os.environ.get("TALLY_CRASHES"))
AT_LEAST = 300
SAMPLE = 9


def points(count: int, offset: int) -> list[tuple[int, bool]]:
    """Give the doors to die at, and whether after them; each kind of system samples others."""
    everywhere = [(at, after) for at in range(1, count + 1) for after in (False, True)]
    if ALL:
        return everywhere
    step = len(everywhere) // SAMPLE
    return everywhere[(7 * offset) % step :: step]


def is_allowed(end: tuple, calm: tuple, spared: set[str], *, asks: bool) -> bool:
    """Whether an end is as good as the undisturbed one.

    Where nothing tells whether a create arrived, a person is asked, and until then its record may lack (W-3), with
    whatever people did not do because it lacked: ``spared`` they wanted to delete. Nothing is doubled, and all other
    records are as ever.
    """
    if end == calm or not asks:
        return end == calm
    *systems, asked, _ = end
    *calm_systems, _, _ = calm
    lacking = {nr for was, now in zip(calm_systems, systems, strict=True) for nr in names(was) - names(now)}
    waits = any(kind == "uncertain" for kind, *_ in asked)
    hurt = lacking | spared
    return (waits or not lacking) and all(
        len(names(now)) == len(now) and names(now) - names(was) <= spared and unhurt(now, hurt) == unhurt(was, hurt)
        for was, now in zip(calm_systems, systems, strict=True)
    )


def names(rows: list[tuple]) -> set[str]:
    """Name the records of a system."""
    return {row[0] for row in rows}


def unhurt(rows: list[tuple], hurt: set[str]) -> list[tuple]:
    """Give the records that no lacking one can have changed; what points to such a one is left open."""
    return [(*values, "" if to in hurt else to) for *values, to in rows if values[0] not in hurt]


@pytest.mark.timeout(3600 if ALL else 300)
@pytest.mark.parametrize("idem", IDEMS)
def test_killed_at_any_door_of_the_story(fast_path: Path, idem: str) -> None:
    """Die before or after one of the K doors, begin the command again, and end as if nothing had happened."""
    calm, story = tell(fast_path / "calm", idem)
    count = story.count
    print(f"{idem}: {count} doors")  # noqa: T201 - how many points there are is part of the proof
    assert count >= AT_LEAST
    wrong = []
    for at, after in points(count, IDEMS.index(idem)):
        try:
            end, story = tell(fast_path / f"{at}-{after}", idem, at, after=after)
        except AssertionError as error:
            wrong.append((at, after, str(error)[:300]))
            continue
        assert story.deaths == 1
        if not is_allowed(end, calm, story.spared, asks=idem == "none"):
            wrong.append((at, after, [(a, b) for a, b in zip(end, calm, strict=True) if a != b]))
    assert not wrong, f"{len(wrong)} of {2 * count}: {wrong[:3]}"
