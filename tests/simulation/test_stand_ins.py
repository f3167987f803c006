"""The state in memory passes the store's own tests, and answers every question that the store and its paper answer."""

import importlib.util
import inspect
from pathlib import Path

import pytest
from tests.simulation.memory_state import MemoryState, MemoryTx
from tests.simulation.paper import Paper

from tallystick.core.state import StoreTx
from tallystick.engine.session import Scratch

STORE_TESTS = Path(__file__).parents[1] / "store"


def names(of):
    return {name for name in vars(of) if not name.startswith("_")}


def test_no_question_is_missing():
    # How many calls a day has left is no matter of these systems; the feed of fields is kept around a run, not in it.
    around = {name for name in names(StoreTx) if "field_" in name}
    assert names(StoreTx) - {"calls", "add_calls", "forget_calls"} - around <= set(dir(MemoryTx))
    # What only `tally reconcile` asks of the paper is not played here.
    assert names(Scratch) - {"count_kinds", "unlike", "count_alike"} <= set(dir(Paper))


def stores_tests():
    """The store's tests that ask for nothing but a store."""
    for name in ("test_bindings", "test_keys", "test_legs", "test_positions", "test_waiting", "test_writing"):
        spec = importlib.util.spec_from_file_location(f"store_{name}", STORE_TESTS / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for test, work in vars(module).items():
            if test.startswith("test_") and list(inspect.signature(work).parameters) == ["store"]:
                yield pytest.param(work, id=f"{name}:{test}")


@pytest.mark.parametrize("test", list(stores_tests()))
def test_the_stores_own_tests(test):
    test(MemoryState())
