"""Who signed a mapping off, and whether it still is what was signed: ``sheets/signed.yaml``, kept with the project.

A signature stands for what the mapping means: comments, order and shorthands do not count. Any other change voids it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tallystick.core.error import Problem, ProjectError
from tallystick.project.edit import Edit, edit_yaml, quote
from tallystick.project.load import LoadedProject
from tallystick.project.model import MappingSpec
from tallystick.project.rewrite import replace_file
from tallystick.project.text import parse_text

SIGNED: Final = "sheets/signed.yaml"
_HEAD: Final = (
    "# Who signed which mapping off, written by `tally map sign`; a mapping that changes is no longer signed.\n"
)


@dataclass(frozen=True, slots=True)
class SignOff:
    """One signature: by whom, when (ISO 8601), over which mapping, seen in which sheet. ``holds`` until it changes."""

    by: str
    at: str
    hash: str
    sheet: str = ""
    holds: bool = True

    @property
    def words(self) -> str:
        """Say it in one line."""
        said = f"signed off by {self.by} on {self.at[:10]} ({self.hash})"
        return said if self.holds else f"changed since it was {said}"

    def document(self) -> dict[str, Any]:
        """Write it as JSON."""
        return {"by": self.by, "at": self.at, "hash": self.hash, "sheet": self.sheet, "holds": self.holds}


def mapping_hash(spec: MappingSpec) -> str:
    """Give the hash of what a mapping says, equal for every spelling of the same."""
    said = spec.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(json.dumps(_ordered(said), default=str).encode()).hexdigest()[:16]


def _ordered(value: Any, key: str = "") -> Any:
    match value:
        case dict():
            pairs = [[name, _ordered(inner, name)] for name, inner in value.items()]
            # Of two equal options the first counts, so their order means something.
            return pairs if key == "map" else sorted(pairs, key=lambda pair: pair[0])
        case list():
            return [_ordered(inner) for inner in value]
        case _:
            return value


def read_sign_offs(loaded: LoadedProject) -> dict[str, SignOff]:
    """Give the signatures by mapping; those of mappings that are not there any more are left out.

    A file that cannot be read signs nothing: ``lint_sign_offs`` says so.
    """
    document = _read(loaded.folder)
    entries = document.value if document is not None and isinstance(document.value, dict) else {}
    found = {}
    for name, spec in loaded.mappings.items():
        entry = entries.get(name)
        if isinstance(entry, dict) and entry.get("by") and entry.get("hash"):
            texts = {key: str(entry.get(key, "")) for key in ("by", "at", "hash", "sheet")}
            found[name] = SignOff(**texts, holds=texts["hash"] == mapping_hash(spec))
    return found


def sign(loaded: LoadedProject, mappings: tuple[str, ...], *, by: str, at: str, sheet: str) -> dict[str, SignOff]:
    """Sign mappings off as they are now.

    Raises:
        ProjectError: the file cannot be read or written.
    """
    path = loaded.folder / SIGNED
    made = {name: SignOff(by, at, mapping_hash(loaded.mappings[name]), sheet) for name in mappings}
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        fresh = {n: {"by": s.by, "at": s.at, "hash": s.hash, "sheet": s.sheet} for n, s in made.items()}
        if text.strip():
            text = edit_yaml(text, [Edit((name,), entry) for name, entry in fresh.items()], SIGNED)
        else:
            lines = [f"{quote(name)}: {json.dumps(entry, ensure_ascii=False)}\n" for name, entry in fresh.items()]
            text = _HEAD + "".join(lines)
        path.parent.mkdir(exist_ok=True)
        path.touch(exist_ok=True)
        replace_file(path, text)
    except (OSError, UnicodeError) as error:
        raise ProjectError(f"{SIGNED} cannot be written: {error}", hint="check its rights", place=str(path)) from error
    return made


def lint_sign_offs(loaded: LoadedProject) -> Iterator[Problem]:
    """Warn of signatures that no longer hold, of mappings that are not there, of a file that cannot be read."""
    document = _read(loaded.folder)
    if document is None:
        return
    yield from document.problems
    if not document.problems and not isinstance(document.value, dict | None):
        yield Problem(SIGNED, 1, 1, "the file must be a mapping (lines of key: value)", "sign again: tally map sign")
    known: Mapping[str, SignOff] = read_sign_offs(loaded)
    for name in document.value if isinstance(document.value, dict) else {}:
        line, column = document.spot((name,), key=True)
        if name not in loaded.mappings:
            yield Problem(SIGNED, line, column, f"there is no mapping '{name}'", "remove the line", "warning")
        elif name not in known:
            yield Problem(SIGNED, line, column, "a signature has 'by', 'at' and 'hash'", "sign again: tally map sign")
        elif not known[name].holds:
            was = known[name]
            message = f"the mapping '{name}' changed since {was.by} signed it off on {was.at[:10]}"
            yield Problem(
                SIGNED, line, column, message, "have it looked at and signed again: tally map sign", "warning"
            )


def _read(folder: Path) -> Any:
    try:
        return parse_text((folder / SIGNED).read_bytes(), SIGNED)
    except OSError:
        return None
