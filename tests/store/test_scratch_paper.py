"""Scratch paper has no name while it is written on, so that a killed run leaves nothing behind."""

from pathlib import Path

from tallystick.store.scratch import Scratch


def test_scratch_paper_in_use_lies_in_no_folder(tmp_path: Path) -> None:
    """The system frees what has no name when its process dies, however it dies."""
    scratch = Scratch(tmp_path)
    rows = [(f"{n}", n, "here", b"x" * 1000, None, None, n, n, None, None) for n in range(1, 3000)]
    scratch.add_sights("left", rows)
    assert list(tmp_path.iterdir()) == []
    assert sum(len(batch) for batch in scratch.bound(1000)) == len(rows)
    scratch.close()


def test_a_key_is_repeated_from_its_second_note_on_whichever_side_has_it(tmp_path: Path) -> None:
    """What is noted once, of either side, belongs to one record alone; after ``forget`` a side counts afresh."""
    scratch = Scratch(tmp_path)
    scratch.add_keys("left", [(0, 1, "a"), (0, 2, "b"), (1, 1, "a")])
    scratch.add_keys("right", [(0, 2, "x"), (0, 3, "y")])
    asked = [(0, 1), (0, 2), (0, 3), (1, 1), (1, 9)]
    assert scratch.find_repeated(asked) == {(0, 2)}
    scratch.add_keys("right", [(0, 1, "z")])
    assert scratch.find_repeated([(0, 1), (1, 1)]) == {(0, 1)}, "a key that comes later is told too"
    assert list(scratch.shared_keys("right")) == [], "of one side only"
    scratch.forget("right")
    assert scratch.find_repeated(asked) == set()
    scratch.add_keys("left", [(0, 1, "c"), (0, 1, "a")])
    assert list(scratch.shared_keys("left")) == [(0, 1, 2)], "the same record twice is one"
    assert sorted(scratch.find_keys("left", [(0, 1), (1, 1)])) == [(0, 1, "a"), (0, 1, "a"), (0, 1, "c"), (1, 1, "a")]
    scratch.close()
