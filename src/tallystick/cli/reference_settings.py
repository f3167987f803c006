"""The reference pages of the project files and the codecs, from the models that read them."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any, Final

from tallystick.core.codecs.registry import codec_kinds
from tallystick.project.json_schema import mapping_schema, project_schema, system_schema

_LOSS: Final = {
    "lossless": "keeps everything",
    "lossy": "brings both sides to one normal form",
    "one_way": "can only be read",
}


def settings_pages() -> dict[str, str]:
    """Give the page of each kind of project file."""
    return {
        "project.md": settings_page("tally.yaml", project_schema()),
        "system.md": settings_page("systems/NAME.yaml", system_schema()),
        "mapping.md": settings_page("mappings/NAME.yaml", mapping_schema()),
    }


def settings_page(title: str, schema: Mapping[str, Any]) -> str:
    """Describe one kind of project file: a table for the file, and one for each part of it."""
    parts = [f"# {title}", "", *_text(schema), *_table(schema)]
    for name, part in schema.get("$defs", {}).items():
        parts += [f"## {name}", "", *_text(part), *(_table(part) if "properties" in part else [])]
    return "\n".join(parts)


def _text(part: Mapping[str, Any]) -> list[str]:
    text = part.get("description", "").replace("``", "`")
    return [text, ""] if text else []


def _table(part: Mapping[str, Any]) -> list[str]:
    required = set(part.get("required", ()))
    rows = [
        f"| `{name}` | {_type(entry)} | {'required' if name in required else _default(entry)} | {_meaning(entry)} |"
        for name, entry in part.get("properties", {}).items()
    ]
    return ["| setting | what | default | meaning |", "|---|---|---|---|", *rows, ""]


def _meaning(entry: Mapping[str, Any]) -> str:
    text = " ".join(entry.get("description", "").split()).replace("``", "`").replace("|", "\\|")
    bounds = [f"{word} {entry[key]}" for key, word in _BOUNDS.items() if key in entry]
    return " ".join(p for p in (text, f"({', '.join(bounds)})" if bounds else "") if p)


_BOUNDS: Final = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "more than",
    "minProperties": "entries at least",
}


def _default(entry: Mapping[str, Any]) -> str:
    default = entry.get("default")
    if default in (None, "", [], {}):
        return ""
    if isinstance(default, dict):
        default = {k: v for k, v in default.items() if k == "type"} or None
    return f"`{str(default).lower() if isinstance(default, bool) else default}`" if default is not None else ""


def _type(entry: Mapping[str, Any]) -> str:  # noqa: PLR0911 - one return per form of a schema reads as the table it is
    if "$ref" in entry:
        name = entry["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in entry:
        return f"`{entry['const']}`"
    if "enum" in entry:
        return ", ".join(f"`{value}`" for value in entry["enum"])
    for key in ("anyOf", "oneOf"):
        if key in entry:
            kinds = dict.fromkeys(_type(part) for part in entry[key] if part.get("type") != "null")
            return " or ".join(kinds)
    match entry.get("type"):
        case "array":
            return f"list of {_type(entry['items'])}" if entry.get("items") else "list"
        case "object" if isinstance(entry.get("additionalProperties"), dict):
            return f"{_type(entry['additionalProperties'])} by name"
        case "object":
            return "anything by name"
        case None:
            return "anything"
        case kind:
            return {"string": "text", "integer": "whole number", "boolean": "true or false"}.get(kind, str(kind))


def codec_page() -> str:
    """Describe every built-in codec with its settings."""
    parts = ["# Codecs", "", "Two-way translations of values, by the names that mappings use.", ""]
    for kind in codec_kinds():
        parts += [f"## {kind.name}", "", *_documented(kind), _cost(kind), ""]
        rows = list(_settings(kind))
        if rows:
            parts += ["| setting | default |", "|---|---|", *rows, ""]
    return "\n".join(parts)


def _cost(kind: type[Any]) -> str:
    loss = kind.loss
    return f"It {_LOSS[loss]}." if isinstance(loss, str) else "What a round trip costs depends on its settings."


def _documented(kind: type[Any]) -> Iterator[str]:
    """Give a codec's words, and its examples as code."""
    words: list[str] = []
    code: list[str] = []
    for line in inspect.cleandoc(kind.__doc__ or "").splitlines():
        (code if code or line.startswith(">>>") else words).append(line)
    yield from ("\n".join(words).strip().replace("``", "`"), "")
    if code:
        yield from ("```python", *code, "```", "")


def _settings(kind: type[Any]) -> Iterator[str]:
    for setting in fields(kind):
        if setting.init:
            if setting.default is not MISSING:
                default = f"`{setting.default!r}`"
            else:
                default = "" if setting.default_factory is not MISSING else "required"
            yield f"| `{setting.name}` | {default} |"
