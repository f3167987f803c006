"""What the stand-in reads and writes: values at paths, times, forms, and templates read backwards."""

import json
import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl

STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def steps(path):
    return [int(n) if n else name for name, n in STEP.findall(path)]


def get_at(record, path):
    for step in steps(path):
        if isinstance(step, int):
            record = record[step] if isinstance(record, list) and step < len(record) else None
        else:
            record = record.get(step) if isinstance(record, dict) else None
    return record


def put_at(record, path, value):
    """Put a value at a path of names and positions 0, and give the record."""
    here, way = record, steps(path)
    for at, step in enumerate(way):
        last = at == len(way) - 1
        below = value if last else [] if isinstance(way[at + 1], int) else {}
        if isinstance(step, int):
            if len(here) <= step:
                here.append(below)
            elif last:
                here[step] = below
            here = here[step]
        else:
            if last or not isinstance(here.get(step), type(below)):
                here[step] = below
            here = here[step]
    return record


def leaves(record, known, under=""):
    """Give (path, value) of what is written: declared fields as they are, everything else to its ends."""
    for name, value in record.items():
        path = f"{under}{name}"
        is_document = path in known and not any(other.startswith(f"{path}.") for other in known)
        if isinstance(value, dict) and value and not is_document:
            yield from leaves(value, known, f"{path}.")
        elif isinstance(value, list) and any(other.startswith(f"{path}[") for other in known):
            for at, inner in enumerate(value):
                yield from leaves(inner, known, f"{path}[{at}].")
        else:
            yield path, value


def drop_blanks(record):
    """Leave out what is blank, at every depth."""
    for name, value in list(record.items()):
        if isinstance(value, dict) and value:
            drop_blanks(value)
            is_blank = not value
        else:
            is_blank = value is None
        if is_blank:
            del record[name]


PATTERNS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S", "'": ""}


def spell_time(moment, spelling):
    if spelling in {"unix", "unix_ms"}:
        return moment * (1000 if spelling == "unix_ms" else 1)
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(value, spelling):
    if spelling in {"unix", "unix_ms"}:
        return int(value) / (1000 if spelling == "unix_ms" else 1)
    if spelling == "iso":
        return datetime.fromisoformat(value).timestamp()
    pattern = re.sub("|".join(PATTERNS), lambda found: PATTERNS[found[0]], spelling)
    return datetime.strptime(value, pattern).replace(tzinfo=UTC).timestamp()


def invert(template, sent):
    """Read the value out of what a template spelled; None where it does not fit."""
    if not isinstance(template, str):
        return _invert_document(template.document, sent if not isinstance(sent, str) else json.loads(sent))
    found = re.fullmatch(re.escape(template).replace(r"\{\}", "(.*)"), str(sent), re.DOTALL)
    return found[1] if found else None


def _invert_document(template, sent):
    if template == "{}":
        return sent
    if isinstance(template, dict) and isinstance(sent, dict) and template.keys() == sent.keys():
        pairs = [(template[key], sent[key]) for key in template]
    elif isinstance(template, list) and isinstance(sent, list) and len(template) == len(sent):
        pairs = list(zip(template, sent, strict=True))
    else:
        return None
    inner = [_invert_document(one, other) for one, other in pairs if one != other]
    return inner[0] if len(inner) == 1 else None


def unform(text):
    """Read a form with brackets; what stands in it is text."""
    body = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        way = re.findall(r"[^\[\]]+|\[\]", name)
        here = body
        for step in way[:-1]:
            here = here.setdefault(step, {}) if way[-1] != "[]" or step != way[-2] else here.setdefault(step, [])
        if way[-1] == "[]":
            here.append(value)
        else:
            here[way[-1]] = value
    return body
