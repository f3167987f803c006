"""A manifest as YAML that a person can read and correct; it reads back as the same manifest.

Defaults are left out, the order is that of the model, facts come last.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from tallystick.project.manifest import Manifest

_HEADER: Final = """\
# What {title} can do, as far as its description says.
# Correct what is wrong; facts at the end say how sure each entry is (declared, inferred, confirmed, contradicted).
"""
_PLAIN: Final = re.compile(r"[A-Za-z_$/{][\w $/{}.@()\[\]=?-]*")
_ODD: Final = re.compile(r"(?i)y|n|yes|no|on|off|true|false|null|nan|inf")
# What needs no thought: plain words anywhere, and ASCII between quotes, which is escaped as in JSON.
_SURE: Final = re.compile(r"[A-Za-z_$/](?:[A-Za-z0-9_ $/.@(){}=-]*[A-Za-z0-9_$/.@(){}=-])?")
_QUOTED: Final = re.compile(r"[ -~]+")
_DECIMAL: Final = re.compile(r"-?\d+\.\d+")
_WIDTH: Final = 120


class _Dumper(yaml.SafeDumper):
    """Safe YAML whose scalars mean the same in YAML 1.1 and 1.2."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature is the library's
        """Never write anchors: a person edits this."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - the library's
        """Indent lists under their key."""
        super().increase_indent(flow, indentless=False)


def _represent_text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # 'no', dates and sexagesimals are text to us but not to every reader: quoted unless it is surely a word.
    surely = _PLAIN.fullmatch(value) and not _ODD.fullmatch(value)
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if surely else '"')


def _represent_list(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.SequenceNode:
    short = all(isinstance(item, str | int | float) and len(str(item)) <= 40 for item in value)  # noqa: PLR2004 - words
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=short)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(list, _represent_list)


def manifest_yaml(manifest: Manifest) -> str:
    """Write a manifest as YAML. ``Manifest.model_validate`` of what it reads as gives an equal manifest."""
    content = manifest.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    content["protocol"] = manifest.protocol
    _keep_types(manifest.model_dump(mode="json", by_alias=True), content)
    facts = content.pop("facts", None)
    notes = content.pop("notes", None)
    if notes:
        content["notes"] = notes
    if facts:
        content["facts"] = facts
    title = re.sub(r"\s+", " ", manifest.title or "this system").strip()
    return _HEADER.format(title=title) + "".join(_lines(content, ""))


def _lines(content: dict[Any, Any], pad: str) -> Iterator[str]:
    """Write a mapping as the library would: what is plain at once, for the library takes ten times as long."""
    for key, value in content.items():
        name, text = _plainly(key), _plainly(value)
        if name and isinstance(value, dict) and value:
            yield f"{pad}{name}:\n"
            yield from _lines(value, f"{pad}  ")
        elif name and text and len(pad) + len(name) + len(text) < _WIDTH - 2:
            yield f"{pad}{name}: {text}\n"
        else:
            width = max(_WIDTH - len(pad), _WIDTH // 2)
            rest = yaml.dump({key: value}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)
            yield from (pad + line for line in rest.splitlines(keepends=True))


def _plainly(value: Any) -> str:
    """Give a scalar as it stands in the file; empty where quoting or folding it is a matter for the library."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return written if _DECIMAL.fullmatch(written := repr(value)) else ""
    if not isinstance(value, str) or len(value) > _WIDTH:
        return ""
    if _SURE.fullmatch(value) and not _ODD.fullmatch(value):
        return value
    return json.dumps(value) if _QUOTED.fullmatch(value) and not _PLAIN.fullmatch(value) else ""


def _keep_types(full: Any, short: Any) -> None:
    """A variant is told by its ``type``, which a reader needs even where it is the default."""
    if isinstance(short, dict) and isinstance(full, dict):
        if short and full.get("type") == "none":
            short["type"] = "none"
        for key, value in short.items():
            _keep_types(full.get(key), value)
    elif isinstance(short, list) and isinstance(full, list):
        for whole, part in zip(full, short, strict=True):
            _keep_types(whole, part)
