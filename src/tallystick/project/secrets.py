"""Secrets are references in the project's files and become values here, as late as possible.

``${env:NAME}`` is an environment variable, ``${file:PATH}`` the content of a file, ``${secret:NAME}`` an entry of the
project's own ``.tally/secrets.yaml``. A reference may stand inside longer text; ``$${`` is a plain ``${``. No message
carries a value.
"""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, get_args

from tallystick.core.error import ProjectError
from tallystick.project.load import LoadedProject
from tallystick.project.near import either, suggest
from tallystick.project.text import parse_text

Source = Literal["env", "file", "secret"]
SECRETS_FILE: Final = Path(".tally") / "secrets.yaml"
SOURCES: Final[tuple[str, ...]] = get_args(Source)

_REFERENCE: Final = re.compile(r"\$(\$\{)|\$\{([^{}]*)\}")
_ENV_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_NAME: Final = re.compile(r"[\w.-]+")
_MAX_FILE: Final = 65_536
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference as written. ``fault`` says what is wrong with its spelling; empty if nothing is."""

    text: str
    source: str
    name: str
    fault: str = ""


def references(text: str) -> tuple[Reference, ...]:
    """List the references in a text, misspelt ones among them."""
    return tuple(_parse(found[2]) for found in _REFERENCE.finditer(text) if found[1] is None)


def _parse(inside: str) -> Reference:
    source, colon, name = inside.partition(":")
    fault = ""
    if source not in SOURCES or not colon:
        fault = f"a reference begins with {either(f'{s}:' for s in SOURCES)}"
    elif source == "env" and not _ENV_NAME.fullmatch(name):
        fault = "the name of an environment variable is letters, digits and _"
    elif source == "secret" and not _SECRET_NAME.fullmatch(name):
        fault = "the name of a secret is letters, digits, . - and _"
    elif not name.strip():
        fault = "the path is missing"
    return Reference("${" + inside + "}", source, name, fault)


def reference_places(loaded: LoadedProject) -> dict[str, str]:
    """Say for each reference in the project's files where it is written first (``file:line:column``)."""
    places: dict[str, str] = {}
    for source in loaded.sources.values():
        for layer in source.layers:
            for path, (line, column) in layer.document.values.items():
                value = layer.document.at(path)
                for found in references(value) if isinstance(value, str) else ():
                    places.setdefault(found.text, f"{layer.document.file}:{line}:{column}")
    return places


@dataclass(frozen=True, slots=True)
class ProjectSecrets:
    """Resolves the references of one project.

    ``places`` (see ``reference_places``) lets messages say where a reference is used. Files are read anew each time, so
    that a rotated secret counts at once.
    """

    folder: Path
    places: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, reference: str) -> str:
        """Replace every reference in a text by its secret; text without any comes back as it is.

        Raises:
            ProjectError: a reference is misspelt, or there is no such secret, or others could read it.
        """
        return _REFERENCE.sub(lambda found: found[1] or self._find(_parse(found[2])), reference)

    def _find(self, reference: Reference) -> str:
        if reference.fault:
            raise self._failure(reference, reference.fault, "write ${env:NAME}, ${file:PATH} or ${secret:NAME}")
        match reference.source:
            case "env":
                return self._find_variable(reference)
            case "file":
                return self._find_file(reference)
            case _:
                return self._find_entry(reference)

    def _find_variable(self, reference: Reference) -> str:
        value = os.environ.get(reference.name)
        if not value:
            fault = f"the environment variable {reference.name} is {'not set' if value is None else 'empty'}"
            raise self._failure(reference, fault, f"set it before tally is started: export {reference.name}=...")
        return value

    def _find_file(self, reference: Reference) -> str:
        given = Path(reference.name.strip())
        path = self.folder / given
        if not given.is_absolute() and not path.resolve().is_relative_to(self.folder.resolve()):
            fault = "the file lies outside of the project"
            raise self._failure(reference, fault, "give its absolute path if that is meant")
        # Secrets that a container mounts can be read by all its users; inside a project there is no reason for that.
        text = self._read(path, reference, _OTHERS_WRITE if given.is_absolute() else _OTHERS)
        value = text.removesuffix("\n").removesuffix("\r")
        if not value:
            raise self._failure(reference, "the file is empty", "put the secret into it")
        return value

    def _find_entry(self, reference: Reference) -> str:
        cure = f"add a line to {SECRETS_FILE}: {reference.name}: ..."
        document = parse_text(self._read(self.folder / SECRETS_FILE, reference, _OTHERS, cure), str(SECRETS_FILE))
        entries = document.value or {}
        if document.problems or not isinstance(entries, dict):
            # What the reader says of a broken line may quote it: only the place is told.
            line = document.problems[0].line if document.problems else 1
            fault = f"{SECRETS_FILE} breaks off in line {line}"
            raise self._failure(reference, fault, 'it holds lines of name: "value", each value in quotes')
        if reference.name not in entries:
            near = suggest(reference.name, entries, what="known secrets") if entries else ""
            raise self._failure(reference, f"{SECRETS_FILE} has no '{reference.name}'", near or cure)
        value = entries[reference.name]
        if not isinstance(value, str) or not value:
            fault = f"'{reference.name}' in {SECRETS_FILE} is {'empty' if not value else 'not text'}"
            raise self._failure(reference, fault, "give it a value in quotes")
        return value

    def _read(self, path: Path, reference: Reference, forbidden: int, cure: str = "") -> str:
        """Read a small file of which nobody else may have the rights ``forbidden``."""
        try:
            # Not to be caught waiting at a pipe.
            with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as stream:  # noqa: PTH123
                about = os.fstat(stream.fileno())
                if not stat.S_ISREG(about.st_mode):
                    raise self._failure(reference, f"{path} is no regular file", "name a file")
                if os.name == "posix" and about.st_mode & forbidden:
                    rights = stat.filemode(about.st_mode)
                    fault = (
                        f"others may {'change' if forbidden == _OTHERS_WRITE else 'read or change'} {path} ({rights})"
                    )
                    raise self._failure(reference, fault, f"chmod 600 {path}")
                content = stream.read(_MAX_FILE + 1)
        except FileNotFoundError as error:
            raise self._failure(reference, f"there is no file {path}", cure or "create it") from error
        except OSError as error:
            raise self._failure(reference, f"{path} cannot be read: {error.strerror}", "check its rights") from error
        if len(content) > _MAX_FILE:
            raise self._failure(reference, f"{path} is larger than {_MAX_FILE} bytes", "name the right file")
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            # The cause would carry the content.
            raise self._failure(reference, f"{path} is not UTF-8 text", "save it as UTF-8") from None

    def _failure(self, reference: Reference, fault: str, cure: str) -> ProjectError:
        place = self.places.get(reference.text, "")
        return ProjectError(f"{reference.text} cannot be resolved: {fault}", hint=cure, place=place)
