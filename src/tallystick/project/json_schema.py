"""JSON Schema of the project's files, for editors: completion, descriptions and red lines while typing.

Made from the models; what a docstring under a field says becomes the field's description.
"""

import ast
import inspect
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

from tallystick.core.error import ProjectError
from tallystick.project.manifest import Manifest
from tallystick.project.model import MappingSpec, Project
from tallystick.project.model_base import Model
from tallystick.project.model_tests import UserTests

SCHEMA_FOLDER: Final = Path(".tally") / "schema"
_FILES: Final[dict[str, type[Model]]] = {
    "project": Project,
    "system": Manifest,
    "mapping": MappingSpec,
    "tests": UserTests,
}


def project_schema() -> dict[str, Any]:
    """Give the JSON Schema of ``tally.yaml``."""
    return _schema("project")


def system_schema() -> dict[str, Any]:
    """Give the JSON Schema of ``systems/*.yaml``."""
    return _schema("system")


def mapping_schema() -> dict[str, Any]:
    """Give the JSON Schema of ``mappings/*.yaml``."""
    return _schema("mapping")


def write_schemas(folder: Path) -> tuple[Path, ...]:
    """Write the schemas into a project, where the first lines of its files point to; give their paths.

    Raises:
        ProjectError: the folder cannot be written.
    """
    written = []
    target = folder / SCHEMA_FOLDER
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            path = target / f"{name}.json"
            path.write_text(json.dumps(_schema(name), indent=1) + "\n", encoding="utf-8")
            written.append(path)
    except OSError as error:
        raise ProjectError(f"{target} cannot be written: {error.strerror}", hint="check its rights") from error
    return tuple(written)


def _schema(name: str) -> dict[str, Any]:
    model = _FILES[name]
    made = model.model_json_schema(mode="validation")
    models = {cls.__name__: cls for cls in _models(model)}
    for title, part in ((model.__name__, made), *made.get("$defs", {}).items()):
        described = _descriptions(models[title]) if title in models else {}
        for field, about in described.items():
            if field in part.get("properties", {}):
                part["properties"][field].setdefault("description", about)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}


def _models(model: type[Model]) -> list[type[Model]]:
    """Give the models of a file: those of its module, and of the modules that they come from."""
    waiting, found = [model.__module__], {}
    seen = set(waiting)
    while waiting:
        for cls in vars(sys.modules[waiting.pop()]).values():
            if isinstance(cls, type) and issubclass(cls, Model):
                found[cls.__name__] = cls
                if cls.__module__ not in seen:
                    seen.add(cls.__module__)
                    waiting.append(cls.__module__)
    return list(found.values())


def _descriptions(model: type[Model]) -> dict[str, str]:
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if issubclass(cls, Model) and cls is not Model:
            found |= _docstrings(cls.__module__).get(cls.__name__, {})
    aliases = {name: field.alias or name for name, field in model.model_fields.items()}
    return {aliases[name]: about for name, about in found.items() if name in aliases}


@cache
def _docstrings(module: str) -> dict[str, dict[str, str]]:
    """Read the texts under the fields of a module's classes, by class and field."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    found: dict[str, dict[str, str]] = {}
    for cls in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        fields = found.setdefault(cls.name, {})
        for field, text in zip(cls.body, cls.body[1:], strict=False):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(about))):
                    fields[name] = inspect.cleandoc(about).replace("\n", " ").replace("``", "`")
                case _:
                    pass
    return found
