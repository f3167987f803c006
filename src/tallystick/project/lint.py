"""What can be said about a project without talking to any system: what will fail, lose or surprise, before it does.

The rules stand in ``lint_project``'s lists, by what they look at: the whole project here, systems in ``lint_system``,
mappings in ``lint_mapping``. A new rule is one more function.
"""

from collections.abc import Callable, Iterator
from typing import Final

from tallystick.core.error import Problem
from tallystick.project.build import resolve_mappings
from tallystick.project.lint_contention import find_contentions
from tallystick.project.lint_mapping import MAPPING_RULES
from tallystick.project.lint_system import SYSTEM_RULES, SystemView
from tallystick.project.load import Kind, LoadedProject
from tallystick.project.mapping_view import MappingView
from tallystick.project.near import suggest
from tallystick.project.plain_secret import find_plain_secrets
from tallystick.project.secrets import references
from tallystick.project.sign_off import lint_sign_offs
from tallystick.project.text import DataPath


def lint_project(loaded: LoadedProject) -> list[Problem]:
    """Find everything wrong or doubtful in a loaded project, errors and warnings, sorted by place."""
    mappings, problems = resolve_mappings(loaded)
    found = set(problems)
    for rule in _PROJECT_RULES:
        found.update(rule(loaded))
    for name in loaded.manifests:
        for look_at_system in SYSTEM_RULES:
            found.update(look_at_system(SystemView(loaded, name)))
    found.update(find_contentions(loaded, mappings))
    for mapping in mappings:
        for look_at_mapping in MAPPING_RULES:
            found.update(look_at_mapping(MappingView(loaded, mapping)))
    return sorted(found)


def _unused_systems(loaded: LoadedProject) -> Iterator[Problem]:
    used = {end.system for m in loaded.mappings.values() for end in (m.left, m.right)}
    for name in loaded.manifests:
        if name not in used:
            message = f"the system '{name}' is in no mapping"
            yield loaded.problem(
                "system", name, (), message, "map one of its objects, or remove it", severity="warning"
            )


def _owners(loaded: LoadedProject) -> Iterator[Problem]:
    known = loaded.project.owners
    used: set[str] = set()
    for kind, name, path, owner in _written_owners(loaded):
        used.add(owner)
        if known and owner not in known:
            hint = suggest(owner, known, what="owners in tally.yaml")
            yield loaded.problem(kind, name, path, f"there is no owner '{owner}'", hint)
    for name in known:
        if name not in used:
            message = f"the owner '{name}' owns nothing"
            hint = "name it as owner of a system, mapping or field, or as deputy"
            yield loaded.problem("project", "", ("owners", name), message, hint, severity="warning", at_key=True)


def _written_owners(loaded: LoadedProject) -> Iterator[tuple[Kind, str, DataPath, str]]:
    for name, owner in loaded.project.owners.items():
        if owner.deputy:
            yield "project", "", ("owners", name, "deputy"), owner.deputy
    for name, manifest in loaded.manifests.items():
        if manifest.owner:
            yield "system", name, ("owner",), manifest.owner
    for name, spec in loaded.mappings.items():
        if spec.owner:
            yield "mapping", name, ("owner",), spec.owner
        for field, entry in spec.fields.items():
            if entry.owner:
                yield "mapping", name, ("fields", field, "owner"), entry.owner


def _missing_owners(loaded: LoadedProject) -> Iterator[Problem]:
    hint = "owner: somebody who can be asked (see owners in tally.yaml)"
    for name, manifest in loaded.manifests.items():
        if not manifest.owner:
            yield loaded.problem("system", name, (), "nobody owns this system", hint, severity="warning")
    for name, spec in loaded.mappings.items():
        if not spec.owner and not all(field.owner for field in spec.fields.values()):
            yield loaded.problem("mapping", name, (), "nobody owns this mapping", hint, severity="warning")


def _plain_secrets(loaded: LoadedProject) -> Iterator[Problem]:
    hint = "write a reference: ${env:NAME}, ${file:PATH} or ${secret:NAME}; and replace the secret, files are copied"
    for (kind, _), source in loaded.sources.items():
        for layer in source.layers:
            for path in find_plain_secrets(layer, by_name=kind != "mapping"):
                yield source.problem(path, "this looks like a secret and stands here for all to read", hint)


def _misspelt_references(loaded: LoadedProject) -> Iterator[Problem]:
    for source in loaded.sources.values():
        for layer in source.layers:
            document = layer.document
            for path, spot in document.values.items():
                value = document.at(path)
                for found in references(value) if isinstance(value, str) else ():
                    if found.fault:
                        yield Problem(document.file, *spot, f"{found.text} is no reference: {found.fault}")


_PROJECT_RULES: Final[tuple[Callable[[LoadedProject], Iterator[Problem]], ...]] = (
    _unused_systems,
    _owners,
    _missing_owners,
    _plain_secrets,
    _misspelt_references,
    lint_sign_offs,
)
