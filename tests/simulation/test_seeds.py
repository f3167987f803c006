"""Random worlds on the production engine: nothing is lost, doubled, falsely deleted or brought back (I-1 ... I-30).

``TALLY_SEEDS`` says how many seeds are played; ``make soak SECONDS=3600`` plays as many as an hour holds. What is known
to be wrong is in ``known.py`` and told in ``test_stories.py``.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests.simulation.known import KNOWN
from tests.simulation.play import play
from tests.simulation.soak import describe, play_twice

from tallystick.store.scratch import Scratch
from tallystick.store.store import open_store

ROOT = Path(__file__).parents[2]
SEEDS = int(os.environ.get("TALLY_SEEDS", "120"))
CHUNKS = 8
# Each of these showed a defect once; it is played for ever.
PERMANENT = (
    3, 15, 17, 18, 35, 39, 45, 46, 49, 58, 61, 65, 71, 76, 88, 89, 96, 153, 185, 189, 196, 208, 213, 235, 236, 249, 254,
    278, 287, 307, 310, 364, 376, 387, 469, 526, 581, 636, 719, 726, 754, 772, 855, 883, 1338, 1355, 10209,
    10303, 10554, 10667, 10724, 11053, 11334, 12460, 12987, 20207, 21115, 22194, 22443, 22499, 30079, 30190, 30343,
    30640, 30778, 31096, 40126, 40238, 40275, 40899, 41250, 41935, 41971, 22390, 301009,
    5000808, 5001202, 5002291, 5002831, 5003346, 5003918, 5004422, 5004484, 5004523, 5004584,
    6001220, 6001255, 6001964, 6003245, 1430, 7000915, 7001014, 7003464, 7003672, 7005319,
    7004379, 7005462, 20000988, 20002351, 20003841, 20005356, 20006068,
    21003898, 21005107, 21005315, 21005637, 21005638, 22001162, 22003729,
    22007509, 22007944, 23000044, 24000302, 25000726, 25001504, 31002692,
    32002814, 32004713, 32005357, 32006083, 32009409, 33001792, 33002464, 33004404, 34005536,
    34006765, 35002569, 36000365, 37000846, 37003260,
    38001153, 38001671, 40008743, 40010988, 40014108, 40016943, 40020205, 40025076, 40029762, 41001547, 41002753,
    41002925,
)  # fmt: skip


def judge(seed):
    report = play(seed, forgiven=frozenset(KNOWN))
    if report.law:
        pytest.fail(describe(report), pytrace=False)
    return report


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_worlds_that_nobody_has_seen(chunk):
    """Whatever people, networks, crashes and takeovers do, every law holds; and the search is not idle."""
    reports = [judge(seed) for seed in range(1 + chunk, 1 + SEEDS, CHUNKS)]
    assert sum(r.runs for r in reports) > len(reports)


@pytest.mark.parametrize("seed", PERMANENT)
def test_what_was_wrong_once_stays_right(seed):
    judge(seed)


def test_a_seed_is_the_whole_story():
    """I-27: equal seeds, equal traces, to the byte; in one process and in another one that hashes differently."""
    assert not play_twice(100).law
    command = [sys.executable, "-m", "tests.simulation", "--seed", "11", "--count", "3", "--trace"]
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    traces = {
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": hashes}, capture_output=True,
            timeout=100, check=False,
        ).stdout
        for hashes in ("1", "2")
    }  # fmt: skip
    assert len(traces) == 1
    assert len(traces.pop()) > 10_000


@pytest.mark.parametrize("seed", [4, 25, 27, 35])
def test_the_stand_ins_change_nothing(seed):
    """The real store and scratch paper give the same trace as the ones in memory, to the byte."""
    fast, real = [], []
    play(seed, trace=fast.append, forgiven=frozenset(KNOWN))
    store = open_store("sqlite://")
    try:
        with tempfile.TemporaryDirectory() as folder:
            play(
                seed, state=store, paper=lambda: Scratch(Path(folder)), trace=real.append, forgiven=frozenset(KNOWN)
            )  # fmt: skip
    finally:
        store.close()
    assert fast == real
