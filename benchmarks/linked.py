"""A million linked pairs of which one in a hundred changed on each side: what the plan costs.

    python benchmarks/linked.py [--pairs 1000000] [--rounds 3] [--out FOLDER] [--profile]

The pairs are linked directly in the state, as a first load would have left them, so that building takes a minute and
not an hour. Measured are the scan of the link table alone (load what was last observed, look every row up in it), the
work on what differs, and the whole ``tally plan`` in processes of their own: by change time and by full scan, the
latter in turns with the raw limit (one hash of each row, one loop, no state but that).
"""

import argparse
import json
import pstats
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import project_files
from measure import HERE, measure
from tallystick.core.binding import Binding, Cursor, Leg, PairState
from tallystick.core.ports import Page
from tallystick.core.record import SIDES, Side, encode_fields, fingerprint, fingerprints
from tallystick.core.state import StoreTx
from tallystick.core.window import Sweep
from tallystick.engine.known import Known
from tallystick.engine.pair import End, Pair
from tallystick.engine.pull import skip_unchanged
from tallystick.engine.pulled import Pulled
from tallystick.wiring import House, open_house

LINKED_AT = 1_750_000_000.0  # between the times of the rows and of the edits
BATCH = 20_000
HOTTEST = 15


def link(folder: Path) -> None:
    """Link all rows of both tables in the state, key by key, as if they had been synced long ago."""
    with open_house(folder, writing=True) as house:
        [pair] = house.pairs
        legs = {side: _legs(house, pair.end(side), pair) for side in SIDES}
        for left, right in zip(legs["left"], legs["right"], strict=True):
            house.store.commit(partial(_insert, pair, left, right))
        house.store.commit(partial(_finish, pair, house.now()))


def _insert(pair: Pair, left: list[Any], right: list[Any], tx: StoreTx) -> None:
    first = tx.reserve_bindings(len(left))
    both = enumerate(zip(left, right, strict=True), first)
    tx.insert_bindings([Binding(n, pair.name, "linked", here, there) for n, ((here, _), (there, _)) in both])
    for side, legs in (("left", left), ("right", right)):
        name: Side = "left" if side == "left" else "right"
        tx.put_keys(pair.name, name, [(leg.id, rule, h) for leg, keys in legs for rule, h in keys.items()])


def _finish(pair: Pair, now: float, tx: StoreTx) -> None:
    for side in SIDES:
        count = tx.count_linked(pair.name)
        tx.close_window(Cursor(pair.name, side, high=LINKED_AT, full_at=now, full_count=count))
    tx.save_pair_state(PairState(pair.name, pair.mapping_print, pair.scope_print, 0, pair.mapping.names))


def _legs(house: House, end: End, pair: Pair) -> Iterator[list[tuple[Leg, dict[int, int]]]]:
    """Read a side in key order; give legs with their match keys, in batches."""
    found: list[tuple[Leg, dict[int, int]]] = []
    for page in pages(house, end):
        seen = [end.connector.sight(end.object, row) for row in page.rows]
        fields = end.read([each.record for each in seen], _no_refs())
        for row, sighting, values in zip(page.rows, seen, fields, strict=True):
            assert isinstance(values, tuple)
            base = encode_fields(values)
            leg = Leg(
                sighting.id, sighting.version, sighting.modified, fingerprint(base), fingerprint(row), None, base,
                pair.shape,
            )  # fmt: skip
            found.append((leg, pair.keys_of(end.side, sighting.id, values)))
        while len(found) >= BATCH:
            yield found[:BATCH]
            del found[:BATCH]
    yield found


def _no_refs() -> Any:
    from tallystick.core.mapping import Refs

    return Refs()


def pages(house: House, end: End) -> Iterator[Page]:
    """List a side from beginning to end."""
    position, transport = None, house.systems[end.system].transport
    while True:
        page = transport.run(end.connector.read(end.object, None, position))
        yield page
        if page.next is None:
            return
        position = page.next


def scan(folder: Path) -> dict[str, float]:
    """Look every row of both sides up among what was last observed; reading the systems is not counted."""
    figures = {"load": 0.0, "hash": 0.0, "hash and look up": 0.0, "rows": 0.0, "differ": 0.0}
    with open_house(folder) as house:
        [pair] = house.pairs
        before = _peak()
        for side in SIDES:
            started = time.process_time()
            known = Known(*house.store.look(partial(_known, pair, side)))
            pulled = Pulled(side, Sweep(full=True, since=None, reason=""), known=known)
            figures["load"] += time.process_time() - started
            for page in pages(house, pair.end(side)):
                started = time.process_time()
                fingerprints(page.rows)
                figures["hash"] += time.process_time() - started
                started = time.process_time()
                changed = skip_unchanged(pulled, page.rows)
                figures["hash and look up"] += time.process_time() - started
                figures["rows"] += len(page.rows)
                figures["differ"] += len(changed)
        figures["MiB"] = _peak() - before
    return figures


def _known(pair: Pair, side: Side, tx: StoreTx) -> "tuple[Sequence[int], array[int]]":
    return tx.raw_hashes(pair.name, side)


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def plan(folder: Path, *more: str) -> float:
    """Measure a whole plan in a process of its own; give its CPU seconds."""
    cost = measure("product.py", [str(folder), "plan", *more])
    print(json.dumps({"plan": "full" if more else "by change time", **vars(cost)}, default=str), flush=True)
    return cost.cpu


def compare(folder: Path, rounds: int) -> None:
    """Measure the full plan and the raw limit in turns, and print the median of the ratios."""
    ratios = []
    for _ in range(rounds):
        limit = measure("limit.py", ["w4", str(folder), "0"])
        print(json.dumps({"limit": vars(limit)}, default=str), flush=True)
        ratios.append(plan(folder, "--full") / limit.cpu)
    print(json.dumps({"full plan by limit": round(statistics.median(ratios), 2)}), flush=True)


def main() -> None:
    """Build once, measure, print one line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=None, help="keep what is built there, and use it again")
    parser.add_argument("--profile", action="store_true", help="say where a full plan spends its time")
    parser.add_argument("--scan", type=Path, default=None, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.scan:
        print(json.dumps(scan(asked.scan)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = (asked.out or Path(temporary)) / "twins"
        if not folder.exists():
            started = time.process_time()
            project_files.write_twins(folder)
            project_files.fill_twins(folder, asked.pairs)
            link(folder)
            measure("limit.py", ["w4-remember", str(folder), "0"])
            project_files.edit_twins(folder, asked.pairs)
            print(json.dumps({"built": asked.pairs, "cpu": round(time.process_time() - started, 1)}), flush=True)
        told = subprocess.run([sys.executable, __file__, "--scan", folder], capture_output=True, text=True, check=True)
        print(json.dumps({"scan": json.loads(told.stdout)}), flush=True)
        plan(folder)
        compare(folder, asked.rounds)
        if asked.profile:
            kept = Path(temporary) / "profile"
            command = [sys.executable, str(HERE / "product.py"), str(folder), "plan", "--full", "--profile", str(kept)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            pstats.Stats(str(kept)).sort_stats("tottime").print_stats(HOTTEST)


if __name__ == "__main__":
    main()
