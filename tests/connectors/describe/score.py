"""Turns manifests into the plain form that labelled corpora of API descriptions are judged in.

usage: score.py DESCRIPTIONS_DIR OUT.json      (every .json, .yaml and .gz in the folder; the file's stem is its id)

Not part of the package: it only re-tells what a manifest and its facts say.
"""

import gzip
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from tallystick.connectors.describe.openapi import describe_openapi
from tallystick.project.manifest import Manifest
from tallystick.project.manifest_paging import CursorPaging, LinkPaging, NextUrlPaging, OffsetPaging, PagePaging

OPERATIONS = ("list", "get", "create", "update", "delete")


def predict(manifest: Manifest) -> dict[str, Any]:
    """Re-tell one manifest."""
    told = manifest.facts["auth"].because
    kinds = told.split(": ", 1)[1].split("; chosen")[0].split(", ") if ": " in told else []
    limited = "limits" in manifest.facts
    rate = manifest.limits.requests_per_second
    return {
        "auth": kinds,
        "rate_limit": {"requests_per_second": rate} if limited else None,
        "objects": [_object(manifest, name) for name, spec in manifest.objects.items() if spec.list is not None],
    }


def _object(manifest: Manifest, name: str) -> dict[str, Any]:
    spec = manifest.objects[name]

    def because(key: str) -> str:
        fact = manifest.facts.get(f"objects.{name}.{key}")
        return fact.because if fact else ""

    since, sort = because("since"), because("sort")
    assert spec.list is not None
    return {
        "name": name,
        **{key: because(key) or None for key in OPERATIONS},
        "id": spec.id,
        "items": spec.list.record,
        "pagination": _paging(spec.paging, because("paging")),
        "updated_since": {"name": _quoted(since)[0]} if since else None,
        "sort": {"params": _quoted(sort)} if sort else None,
    }


def _quoted(text: str) -> list[str]:
    return re.findall(r"'([^']+)'", text)


def _paging(paging: Any, because: str) -> dict[str, Any]:
    size = getattr(paging, "size_param", None) or getattr(paging, "limit_param", None)
    if isinstance(paging, OffsetPaging):
        return {"style": "offset", "params": {"offset": paging.offset_param}, "size": size}
    if isinstance(paging, PagePaging):
        return {"style": "page", "params": {"page": paging.page_param}, "size": size}
    if isinstance(paging, CursorPaging):
        style = "last-id" if paging.from_last else "cursor"
        return {"style": style, "params": {"cursor": paging.cursor_param}, "size": size}
    if isinstance(paging, NextUrlPaging):
        named = _quoted(because)
        style = "last-id" if "id of a record" in because else "cursor" if named else "next-url"
        return {"style": style, "params": {"cursor": named[0]} if named else {}, "size": size}
    return {"style": "link" if isinstance(paging, LinkPaging) else "none", "params": {}, "size": size}


def main(folder: Path, out: Path) -> None:
    """Describe every file of a folder and write the predictions."""
    specs = {}
    for file in sorted(folder.iterdir()):
        if file.name.endswith((".json", ".yaml", ".yml", ".gz")) and file.name != "manifest.json":
            content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
            began = time.perf_counter()
            specs[file.name.split(".")[0]] = predict(describe_openapi(content, source=file.name))
            print(f"{time.perf_counter() - began:6.2f} s  {file.name}", file=sys.stderr)  # noqa: T201 - a command
    out.write_text(json.dumps({"specs": specs}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
