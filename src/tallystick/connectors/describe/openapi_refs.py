"""An API description as a graph: references are followed one at a time and only when asked for.

Nothing is ever expanded as a whole, so circular schemas cost nothing. References that lead nowhere or out of the
document are remembered once, for the notes of the manifest.
"""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

Node = dict[str, Any]
MAX_HOPS: Final = 50
SWAGGER: Final = 2
_SHELVES: Final = ("schemas", "parameters", "responses", "requestBodies", "headers", "securitySchemes")


def as_node(value: Any) -> Node:
    """Give ``value`` if it is a mapping, else an empty one: descriptions break their own rules anywhere."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Give ``value`` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str:
    """Give ``value`` if it is text, else nothing."""
    return value if isinstance(value, str) else ""


class Document:
    """One description. ``version`` is 2 for Swagger 2.0 and 3 for every OpenAPI 3.x."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.version = 3 if "openapi" in root or "swagger" not in root else SWAGGER
        self.broken: dict[str, None] = {}
        self.external: dict[str, None] = {}

    @property
    def shelf(self) -> Node:
        """Where reusable parts lie: ``components``, or the root in 2.0."""
        return as_node(self.root.get("components"))

    @property
    def security_schemes(self) -> dict[str, Node]:
        """The declared kinds of authentication, by name."""
        place = self.root.get("securityDefinitions") if self.version == SWAGGER else self.shelf.get("securitySchemes")
        return {name: self.resolve(node) for name, node in as_node(place or self.shelf.get("securitySchemes")).items()}

    def resolve(self, node: Any) -> Node:
        """Follow ``$ref`` to the thing itself; what stands beside the reference (3.1) is laid over it."""
        found = as_node(node)
        for _ in range(MAX_HOPS):
            ref = found.get("$ref")
            if not isinstance(ref, str):
                return found
            beside = {key: value for key, value in found.items() if key != "$ref"}
            target = as_node(self._target(ref))
            found = {**target, **beside} if beside and target else target
        self.broken[as_text(as_node(node).get("$ref"))] = None
        return {}

    def target(self, node: Node) -> Node:
        """Give the object that a reference finally points to, itself and not a copy: it can be recognised again."""
        found = node
        for _ in range(MAX_HOPS):
            ref = found.get("$ref")
            if not isinstance(ref, str):
                break
            found = as_node(self._target(ref))
        return found

    def _target(self, ref: str) -> Any:
        if ref.startswith("#"):
            found = self._point(ref[1:])
        elif "/" not in ref and "." not in ref:
            found = self._named(ref)
        else:
            self.external[ref] = None
            return None
        if found is None:
            self.broken[ref] = None
        return found

    def _point(self, pointer: str) -> Any:
        here: Any = self.root
        for step in pointer.split("/")[1:]:
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(here, dict):
                here = here.get(key)
            elif isinstance(here, list) and key.isdigit() and int(key) < len(here):
                here = here[int(key)]
            else:
                return None
        return here

    def _named(self, name: str) -> Any:
        # Swagger once allowed the bare name of a definition.
        for shelf in (self.root.get("definitions"), *(self.shelf.get(kind) for kind in _SHELVES)):
            if name in as_node(shelf):
                return as_node(shelf)[name]
        return None

    def name_of(self, node: Any) -> str:
        """Give the last part of a reference (``Customer``); nothing for a schema written in place."""
        ref = as_node(node).get("$ref")
        return re.split(r"[/#]", ref)[-1] if isinstance(ref, str) else ""

    def paths(self) -> Iterator[tuple[str, Node]]:
        """Walk the path items, references followed."""
        for path, item in as_node(self.root.get("paths")).items():
            if isinstance(item, dict):
                yield path, self.resolve(item)

    def notes(self) -> list[str]:
        """Say which references could not be followed."""
        told = []
        for kind, refs in (
            ("lead nowhere", self.broken),
            ("lead out of the document and were not fetched", self.external),
        ):
            if refs:
                shown = ", ".join(list(refs)[:5])
                told.append(f"{len(refs)} reference(s) {kind}: {shown}{' ...' if len(refs) > 5 else ''}")  # noqa: PLR2004
        return told
