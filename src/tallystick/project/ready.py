"""The catalogue: ready manifests of widely used systems, to be copied into a project and corrected there.

They were written from the systems' public documentation and are as sure as that: every entry gets a fact that says so,
and what `tally check` sees replaces it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from tallystick.core.error import Bug, ProjectError
from tallystick.project.json_schema import SCHEMA_FOLDER
from tallystick.project.manifest import Manifest
from tallystick.project.near import suggest
from tallystick.project.secrets import references
from tallystick.project.text import parse_text

BECAUSE: Final = "from documentation, not yet confirmed live"
_ENDING: Final = ".yaml"
_SHELF: Final = files("tallystick.project") / "catalog"
_WITHOUT_FACTS: Final = frozenset({"protocol", "title", "objects", "facts", "notes"})


@dataclass(frozen=True, slots=True)
class ReadySystem:
    """One system of the catalogue: its name there, its manifest, and the text that a project gets."""

    name: str
    manifest: Manifest
    text: str

    @property
    def guidance(self) -> tuple[str, ...]:
        """What the head of the file says: which API it is, how to get credentials, what to know; line by line."""
        lines = self.text.splitlines()[1:]
        head = next(at for at, line in enumerate(lines) if not line.startswith("#"))
        return tuple(line.removeprefix("#").removeprefix(" ") for line in lines[:head])

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that it refers to, in the order of their appearance."""
        return tuple(dict.fromkeys(each.name for each in references(self.text) if each.source == "env"))


def ready_names() -> tuple[str, ...]:
    """Name the systems of the catalogue, sorted."""
    return tuple(sorted(f.name.removesuffix(_ENDING) for f in _SHELF.iterdir() if f.name.endswith(_ENDING)))


def read_ready(name: str) -> ReadySystem:
    """Read one system of the catalogue.

    Raises:
        ProjectError: the catalogue has no system of this name; the hint names a near one.
    """
    if name not in ready_names():
        raise ProjectError(
            f"the catalogue has no system '{name}'",
            hint=f"{suggest(name, ready_names(), what='in the catalogue')}; `tally catalog` lists all",
        )
    written = (_SHELF / f"{name}{_ENDING}").read_text(encoding="utf-8")
    document = parse_text(written, f"{name}{_ENDING}")
    if document.is_broken:
        raise Bug(f"the catalogue's '{name}' cannot be read", hint="install tallystick anew")
    manifest = Manifest.model_validate(document.value)
    facts = "".join(
        f"  {entry}: {{label: declared, because: '{BECAUSE}'}}\n" for entry in entries_of(manifest)
    )  # fmt: skip
    schema = f"# yaml-language-server: $schema=../{(SCHEMA_FOLDER / 'system.json').as_posix()}\n"
    text = f"{schema}{written}facts:\n{facts}"
    labelled = Manifest.model_validate(parse_text(text, f"{name}{_ENDING}").value)
    return ReadySystem(name, labelled, text)


def entries_of(manifest: Manifest) -> Iterator[str]:
    """Name the entries of a manifest that say something about its system, as the keys of ``facts`` do."""
    yield from sorted(manifest.model_fields_set - _WITHOUT_FACTS)
    for name, spec in manifest.objects.items():
        yield from (f"objects.{name}.{entry}" for entry in type(spec).model_fields if entry in spec.model_fields_set)
