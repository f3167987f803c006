"""Two option lists beside their mapping: every option is told once, with what is wrong with it."""

from hypothesis import given
from hypothesis import strategies as st

from tallystick.core.option_table import OptionList, OptionRow, lay_options, plain_pairs, urgent_rows
from tallystick.core.schema import Option

KEYS = st.sampled_from(["a", "b", "c", "d", "e"])
LISTS = st.builds(
    OptionList,
    st.none() | st.lists(KEYS, unique=True).map(lambda keys: tuple(Option(key, active=key != "b") for key in keys)),
    st.none() | st.dictionaries(KEYS, st.integers(1, 9)),
)
PAIRS = st.dictionaries(KEYS, KEYS).map(lambda found: tuple(found.items()))


@given(PAIRS, LISTS, LISTS)
def test_every_option_that_is_mapped_listed_or_in_use_is_told_exactly_once(pairs, left, right):
    table = lay_options(pairs, {"left": left, "right": right})
    mapped = [(r.left.key, r.right.key) for r in table.rows if r.left and r.right]
    assert mapped == list(pairs)
    for side, listed, at in (("left", left, 0), ("right", right, 1)):
        alone = [r.cell(side).key for r in table.rows if (r.left is None or r.right is None) and r.cell(side)]
        assert len(alone) == len(set(alone))
        assert set(alone) == {*(o.key for o in listed.options or ()), *(listed.counts or ())} - {p[at] for p in pairs}


@given(PAIRS, LISTS, LISTS)
def test_coverage_counts_each_live_value_and_no_more(pairs, left, right):
    table = lay_options(pairs, {"left": left, "right": right})
    for side, listed in (("left", left), ("right", right)):
        if listed.counts is None:
            assert side not in table.coverage
        else:
            missing = sum(r.cell(side).count for r in table.rows if (side, "unmapped") in r.marks)
            mapped, values = table.coverage[side]
            assert (mapped + missing, values) == (sum(listed.counts.values()),) * 2


@given(PAIRS, LISTS, LISTS)
def test_it_is_injective_where_no_right_key_stands_twice(pairs, left, right):
    table = lay_options(pairs, {"left": left, "right": right})
    assert table.is_injective == (len({right_key for _, right_key in pairs}) == len(pairs))


def row_of(table, left_key) -> OptionRow:
    """Give the row with this left key."""
    [row] = [r for r in table.rows if r.left and r.left.key == left_key]
    return row


def test_each_fault_has_its_mark():
    left = OptionList(
        (Option("a", "Alpha"), Option("b", "Beta", active=False), Option("n")), {"a": 2, "z": 1}, {"a": "Old"}
    )
    right = OptionList((Option("1"), Option("2")), {"1": 1})
    table = lay_options((("a", "1"), ("b", "2"), ("c", "1")), {"left": left, "right": right})
    assert row_of(table, "a").marks == (("left", "relabelled"),)
    assert row_of(table, "b").marks == (("left", "retired"), ("left", "unused"))
    assert row_of(table, "c").marks == (("left", "dead"), ("right", "shared"))
    assert row_of(table, "n").marks == (("left", "unmapped"),)
    assert row_of(table, "z").marks == (("left", "unmapped"), ("left", "unlisted"))
    assert [r.left.key for r in urgent_rows(table) if r.left] == ["c", "z"], "what stops records, and nothing else"


def test_a_side_without_a_list_has_no_dead_options():
    lists = {"left": OptionList(None, {"a": 1}), "right": OptionList((Option("a"),))}
    assert lay_options((("a", "a"),), lists).rows[0].marks == ()


def test_without_a_mapping_equal_keys_are_the_same():
    lists = {"left": OptionList((Option("a"), Option("b"))), "right": OptionList((Option("b"),), {"c": 1, "a": 1})}
    assert plain_pairs(lists) == (("a", "a"), ("b", "b"))
