"""Reads a large table page by page, as a full compare does: rows a second, and the memory that it takes.

    python benchmarks/large_reads.py ADDRESS TABLE [--key id] [--part 4]

Each part of the table is told by itself, so that a reading that slows down with the distance shows. The memory is the
peak of the process, so that of the last part is that of the whole.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from tallystick.connectors.sql import open_system
from tallystick.project.manifest import Manifest


class Given:
    """Addresses are given as they are."""

    def resolve(self, reference: str) -> str:
        """Give the text itself."""
        return reference


def main() -> None:
    """Read the table, and print a line for each part of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("table")
    parser.add_argument("--key", default="id")
    parser.add_argument("--part", type=int, default=100_000, help="rows a line")
    given = parser.parse_args()
    spec = {"id": given.key, "table": {"name": given.table}}
    manifest = {"protocol": "sql", "url": given.address, "objects": {"rows": spec}}
    connector, transport = open_system("large", Manifest.model_validate(manifest), Given())
    began, count, told, position = time.perf_counter(), 0, 0, None
    while True:
        page = transport.run(connector.read("rows", None, position))
        count, position = count + len(page.rows), page.next
        if count - told >= given.part or position is None:
            now = time.perf_counter()
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            speed = (count - told) / max(now - began, 1e-9)
            print(f"{count:>12,} rows  {speed:>10,.0f} rows/s  peak {peak:,.1f} MB", flush=True)
            began, told = now, count
        if position is None:
            break
    transport.close()


if __name__ == "__main__":
    main()
