"""From answers that a system really gave to a manifest of REST: where nothing describes it, its listings are looked at.

What an answer shows is inferred, and what it cannot show (what may be written, what is required) is left open, but for
the conventions that lay it down: JSON:API, HAL and OData are told by their marks. Pure: the answers are given.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from tallystick.connectors.describe.conventions import JSON_API, embedded, follow_convention, is_json_api
from tallystick.connectors.describe.openapi_times import find_times
from tallystick.connectors.describe.openapi_words import noun_of, snake, squeeze
from tallystick.connectors.describe.sample_paging import find_paging
from tallystick.connectors.http.message import Response
from tallystick.connectors.http.rows import json_text, value_at
from tallystick.core.error import ProjectError
from tallystick.core.path import Path, parse, read, render
from tallystick.core.record import UNKNOWN
from tallystick.core.schema import Type
from tallystick.project.manifest import Fact, FieldSpec, Manifest, ObjectSpec, Operation
from tallystick.project.manifest_paging import NoPaging

_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_IDS: Final = ("id", "_id", "uuid", "guid", "key", "nr", "number", "code")
_DEEPEST: Final = 3
_MOST_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer of a listing, and the address that it came from."""

    url: str
    response: Response


def describe_samples(samples: Sequence[Sample], *, source: str = "", base_url: str = "") -> Manifest:
    """Describe a system from answers of its listings.

    Raises:
        ProjectError: an answer holds no records that can be told apart.
    """
    root = base_url.rstrip("/") or _common_root([sample.url for sample in samples])
    names = {object_name(sample.url): sample for sample in samples}
    known = {squeeze(name): name for name in names}
    objects: dict[str, ObjectSpec] = {}
    facts: dict[str, Fact] = {"base_url": Fact(label="inferred", because="the address of the samples")}
    notes = ["Described from samples: limits, required fields and ways to write are not known; look at each entry."]
    for name, sample in names.items():
        own: dict[str, Fact] = {}
        objects[name] = follow_convention(name, _object(name, sample, root, own), own, known)
        facts |= {f"objects.{name}.{key}": fact for key, fact in own.items()}
        if not isinstance(objects[name].paging, NoPaging):
            continue
        notes.append(f"{name}: the sample shows no way to a next page; if there is one, set paging")
    return Manifest(
        protocol="rest", title=urlsplit(root).netloc, base_url=root, description=source, objects=objects, facts=facts,
        notes=tuple(notes),
    )  # fmt: skip


def _object(name: str, sample: Sample, root: str, facts: dict[str, Fact]) -> ObjectSpec:
    text = json_text(sample.response)
    answer = value_at(text, ())
    path = _rows_at(answer, name)
    rows = read(answer, path) if path is not None else UNKNOWN
    records = [row for row in rows if isinstance(row, dict)][:_MOST_ROWS] if isinstance(rows, list) else []
    if path is None or not records:
        raise ProjectError(
            f"the sample of '{name}' holds no records",
            hint="give the address of a listing that has some, as JSON",
            place=sample.url.partition("?")[0],
        )
    fields = _fields(records)
    # Some systems answer at an address with a slash at its end only, and lead who only reads there.
    step = urlsplit(sample.url).path.removeprefix(urlsplit(root).path)
    paged = find_paging(answer, sample.response, dict(parse_qsl(urlsplit(sample.url).query)), len(records))
    if paged.because:
        facts["paging"] = Fact(label=paged.label, because=paged.because)
    modified, created, spelled = find_times(fields)
    id_path = _id_of(fields, records, name, facts)
    headers = {"Accept": JSON_API} if JSON_API in (sample.response.headers.get("content-type") or "") else {}
    facts["list"] = Fact(label="confirmed", because=f"GET {step} gave {len(records)} records")
    spec = ObjectSpec(
        id=id_path,
        id_type="integer" if fields.get(id_path, FieldSpec()).type == "integer" else "text",
        list=Operation(method="GET", path=step, query=dict(paged.query), record=render(path), headers=headers),
        modified=modified,
        created=created,
        modified_format=spelled,
        fields=fields,
        paging=paged.paging,
    )
    return spec.model_copy(update=_calls(spec, step, path, facts, headers, is_ruled=_is_ruled(spec, answer)))


def _rows_at(answer: Any, name: str) -> Path | None:
    """Find the list of records: the answer itself, what HAL embeds, or the likeliest list in it."""
    if isinstance(answer, list):
        return ()
    if not isinstance(answer, dict):
        return None
    if inside := embedded(answer):
        return parse(inside)
    found: list[tuple[bool, int, Path]] = []
    waiting: list[tuple[Path, dict[str, Any]]] = [((), answer)]
    while waiting:
        path, here = waiting.pop(0)
        for key, value in here.items():
            if isinstance(value, dict) and len(path) < _DEEPEST - 1:
                waiting.append(((*path, key), value))
            elif isinstance(value, list) and value and isinstance(value[0], dict) and key not in {"included", "errors"}:
                found.append((noun_of(key) == noun_of(name), -len(path), (*path, key)))
    return max(found)[2] if found else None


def _fields(records: Sequence[Mapping[str, Any]]) -> dict[str, FieldSpec]:
    seen: dict[str, set[Type]] = {}

    def look(record: Mapping[str, Any], path: Path) -> None:
        for key, value in record.items():
            here = (*path, key)
            if isinstance(value, dict) and value and len(here) < _DEEPEST + (path[:1] == ("relationships",)):
                look(value, here)
            else:
                seen.setdefault(render(here), set()).update([_type_of(value)] if value is not None else [])

    for record in records:
        look(record, ())
    return {path: FieldSpec(type=_joined(types)) for path, types in seen.items()}


def _type_of(value: Any) -> Type:
    match value:
        case bool():
            return "boolean"
        case int():
            return "integer"
        case Decimal() | float():
            return "number"
        case list():
            return "list"
        case dict():
            return "object"
        case str() if _INSTANT.fullmatch(value):
            return "instant"
        case str() if _DATE.fullmatch(value):
            return "date"
        case _:
            return "text"


def _joined(types: set[Type]) -> Type:
    if types == {"integer", "number"}:
        return "number"
    return next(iter(types)) if len(types) == 1 else "text" if types <= {"text", "date", "instant"} and types else "any"


def _id_of(
    fields: Mapping[str, FieldSpec], records: Sequence[Mapping[str, Any]], name: str, facts: dict[str, Fact]
) -> str:
    """Find the field that tells records apart: named like an id, and different in each record of the sample."""

    def is_unique(path: str) -> bool:
        values = [read(record, parse(path)) for record in records]
        plain = [str(value) for value in values if isinstance(value, str | int) and not isinstance(value, bool)]
        return len(set(plain)) == len(records)

    own = noun_of(name)
    wanted = {**{word: rank for rank, word in enumerate(_IDS)}, f"{own}id": 1, f"{own}number": 5, f"{own}no": 5}
    named = sorted((wanted[squeeze(path) or path], path) for path in fields if (squeeze(path) or path) in wanted)
    found = next((path for _, path in named if is_unique(path)), "")
    if not found:
        found = next((path for path in ("_links.self.href", "links.self") if path in fields and is_unique(path)), "")
    if not found:
        raise ProjectError(
            f"nothing in the sample of '{name}' tells its records apart",
            hint="write the object by hand, and name its id",
        )
    facts["id"] = Fact(label="inferred", because=f"'{found}' is different in each of {len(records)} records")
    return found


def _is_ruled(spec: ObjectSpec, answer: Any) -> bool:
    """Whether a convention says how records of this kind are written."""
    return is_json_api(spec) or (isinstance(answer, dict) and "_embedded" in answer)


def _calls(
    spec: ObjectSpec, step: str, path: Path, facts: dict[str, Fact], headers: dict[str, str], *, is_ruled: bool
) -> dict[str, Any]:
    one = "data" if is_json_api(spec) or path == ("data",) else ""
    item = f"{step.rstrip('/')}/{{id}}{'/' if step.endswith('/') else ''}"
    found: dict[str, Any] = {"get": Operation(method="GET", path=item, record=one, headers=headers)}
    facts["get"] = Fact(label="inferred", because="records mostly have an address below their listing")
    if is_ruled:
        found["create"] = Operation(method="POST", path=step, record=one, headers=headers)
        found["update"] = Operation(method="PATCH", path=item, record=one, headers=headers)
        found["delete"] = Operation(method="DELETE", path=item, headers=headers)
        for verb in ("create", "update", "delete"):
            facts[verb] = Fact(label="inferred", because="the convention lays it down")
    return found


def object_name(url: str) -> str:
    """Name the object that a listing's address shows."""
    return snake(urlsplit(url).path.rstrip("/").rpartition("/")[2])


def _common_root(urls: Sequence[str]) -> str:
    """Give what the addresses of all listings begin with, without their last steps."""
    parts = urlsplit(urls[0])
    paths = [urlsplit(url).path.rstrip("/").split("/")[:-1] for url in urls]
    shared = [step for step, *others in zip(*paths, strict=False) if all(other == step for other in others)]
    return f"{parts.scheme}://{parts.netloc}{'/'.join(shared)}"
