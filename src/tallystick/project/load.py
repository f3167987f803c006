"""From a folder to a loaded project: every file read, overlaid, validated, and all problems told at once.

Secrets stay references; nothing is opened but the project's own files.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from tallystick.core.error import Problem, ProjectError
from tallystick.project.environment import overlay
from tallystick.project.manifest import Manifest
from tallystick.project.model import MappingSpec, Project
from tallystick.project.model_base import Model
from tallystick.project.near import suggest
from tallystick.project.shapes import expand, shape_faults
from tallystick.project.source import Layer, Severity, Source
from tallystick.project.text import MAX_BYTES, MAX_SYSTEM_BYTES, DataPath, Document, parse_text
from tallystick.project.validate import validate

PROJECT_FILE: Final = "tally.yaml"
_NAME: Final = re.compile(r"\w[\w-]*")

Kind = Literal["project", "system", "mapping"]
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class LoadedProject:
    """A project as written, in one environment. ``manifests`` and ``mappings`` go by file name without its ending."""

    folder: Path
    project: Project
    manifests: Mapping[str, Manifest]
    mappings: Mapping[str, MappingSpec]
    environment: str
    sources: Mapping[tuple[Kind, str], Source]

    def source(self, kind: Kind, name: str = "") -> Source:
        """Give where a system or mapping (by name), or the project itself, is written."""
        return self.sources[kind, name]

    def where(self, kind: Kind, name: str, path: DataPath = ()) -> str:
        """Give ``file:line:column`` of what is written at ``path``, or of the nearest thing around it."""
        return ":".join(map(str, self.source(kind, name).spot(path)))

    def problem(
        self,
        kind: Kind,
        name: str,
        path: DataPath,
        message: str,
        hint: str = "",
        *,
        severity: Severity = "error",
        at_key: bool = False,
    ) -> Problem:
        """Make a problem that points at what is written at ``path``."""
        return self.source(kind, name).problem(path, message, hint, severity=severity, at_key=at_key)


def load_project(folder: Path, *, environment: str | None = None) -> LoadedProject:
    """Read ``tally.yaml``, ``systems/*.yaml`` and ``mappings/*.yaml``.

    ``environment`` is laid over the systems; without it the one that the project names, if any. All environments are
    checked, whichever is used.

    Raises:
        ProjectError: with every problem of every file.
    """
    if not (folder / PROJECT_FILE).is_file():
        raise ProjectError(
            f"there is no project in {folder}",
            hint="make one with `tally init`, or name the folder with --project",
            place=str(folder / PROJECT_FILE),
        )
    loading = _Loading(folder)
    loaded = loading.load(environment)
    if loading.problems or loaded is None:
        count = len(loading.problems)
        raise ProjectError(
            f"the project has {count} problem{'s' if count != 1 else ''}",
            list(loading.problems),
            hint="each problem names its file, line and column",
        )
    return loaded


class _Loading:
    """One loading: what was read so far and what is wrong with it (a problem seen twice counts once)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: dict[Problem, None] = {}

    def load(self, wanted: str | None) -> LoadedProject | None:
        written = self.read(self.folder / PROJECT_FILE)
        home = Source((Layer(written),))
        project = self.check(Project, written.value, home)
        systems = self.read_folder("systems", limit=MAX_SYSTEM_BYTES)
        mappings = self.read_folder("mappings", limit=MAX_BYTES)
        chosen = self.choose(project, home, wanted)
        sources: dict[tuple[Kind, str], Source] = {("project", ""): home}
        specs: dict[str, MappingSpec] = {}
        for name, document in mappings.items():
            sources["mapping", name] = Source((Layer(document),))
            spec = self.check(MappingSpec, document.value, sources["mapping", name])
            if spec:
                specs[name] = spec
        manifests: dict[str, Manifest] = {}
        for name, document in systems.items():
            sources["system", name] = Source((Layer(document),))
            manifest = self.check_manifest(document.value, sources["system", name])
            if manifest:
                manifests[name] = manifest
        for name in _at(written.value, ("environments",)):
            for system, source, manifest in self.lay_over(name, written, systems):
                if name == chosen:
                    sources["system", system] = source
                    manifests[system] = manifest
        if project is None:
            return None
        if chosen and project.environments[chosen].state:
            project = project.model_copy(update={"state": project.environments[chosen].state})
        return LoadedProject(self.folder, project, manifests, specs, chosen, sources)

    def choose(self, project: Project | None, home: Source, wanted: str | None) -> str:
        """Find the environment to use; empty for none."""
        if project is None:
            return ""
        name = wanted if wanted is not None else project.environment
        if not name or name in project.environments:
            return name
        path: DataPath = ("environments",) if wanted is not None else ("environment",)
        hint = suggest(name, project.environments, what="declared under environments")
        self.note(home.problem(path, f"there is no environment '{name}'", hint))
        return ""

    def lay_over(
        self, environment: str, written: Document, systems: Mapping[str, Document]
    ) -> list[tuple[str, Source, Manifest]]:
        """Check one environment against the systems; give those that differ in it."""
        prefix: DataPath = ("environments", environment, "systems")
        home = Source((Layer(written),))
        changed = []
        for system, top in _at(written.value, prefix).items():
            path = (*prefix, system)
            if system not in systems:
                hint = suggest(system, systems, what="described in systems/")
                self.note(home.problem(path, f"there is no system '{system}'", hint, at_key=True))
                continue
            base = systems[system].value
            if not isinstance(base, Mapping):
                continue
            source = Source((Layer(written, path), Layer(systems[system])))
            known = self.drop_strangers(top, base, home, path)
            manifest = self.check_manifest(overlay(base, known), source)
            if manifest:
                changed.append((system, source, manifest))
        return changed

    def drop_strangers(self, top: Any, base: Any, home: Source, path: DataPath) -> Any:
        """Refuse overlays for objects that the system does not have, most likely misspelt; give the others."""
        known = _at(base, ("objects",))
        strangers = [name for name in _at(top, ("objects",)) if name not in known]
        for name in strangers:
            hint = suggest(name, known, what="known objects")
            message = f"the system has no object '{name}'"
            self.note(home.problem((*path, "objects", name), message, hint, at_key=True))
        if not strangers:
            return top
        return {**top, "objects": {k: v for k, v in top["objects"].items() if k in known}}

    def check_manifest(self, value: Any, source: Source) -> Manifest | None:
        """Make the manifest of a system, its objects of several parts filled in; what is wrong is noted."""
        manifest = self.check(Manifest, value, source)
        if manifest is None:
            return None
        faults = [source.problem(*fault) for fault in shape_faults(manifest)]
        for problem in faults:
            self.note(problem)
        return None if faults else expand(manifest)

    def check(self, model: type[M], value: Any, source: Source) -> M | None:
        """Make a model of what was read; what is wrong is noted."""
        document = source.layers[-1].document
        if document.is_broken:
            return None
        made, complaints = validate(model, value)
        for problem in source.problems(complaints):
            self.note(problem)
        return made

    def read_folder(self, name: str, *, limit: int) -> dict[str, Document]:
        """Read the YAML files of one folder, by name without ending."""
        found: dict[str, Document] = {}
        try:
            paths = sorted((self.folder / name).iterdir()) if (self.folder / name).is_dir() else []
        except OSError as error:
            self.note(Problem(name, 0, 0, f"the folder cannot be read: {error.strerror}"))
            return found
        for path in paths:
            if path.suffix not in {".yaml", ".yml"} or path.name.startswith("."):
                continue
            file = self.title(path)
            if not _NAME.fullmatch(path.stem):
                hint = "names are made of letters, digits, - and _"
                self.note(Problem(file, 0, 0, f"'{path.stem}' cannot be a name", hint))
            elif path.stem in found:
                self.note(Problem(file, 0, 0, f"'{path.stem}' is there twice", f"see {found[path.stem].file}"))
            else:
                found[path.stem] = self.read(path, limit=limit)
        return found

    def read(self, path: Path, *, limit: int = MAX_BYTES) -> Document:
        """Read one file; what is wrong is noted."""
        file = self.title(path)
        try:
            if not path.resolve().is_relative_to(self.folder.resolve()):
                return self.refuse(file, "the file is a link that leads out of the project", "copy it into the project")
            if not path.is_file():
                return self.refuse(file, "this is no regular file")
            with path.open("rb") as stream:
                document = parse_text(stream.read(limit + 1), file, limit=limit)
        except OSError as error:
            return self.refuse(file, f"the file cannot be read: {error.strerror}")
        for problem in document.problems:
            self.note(problem)
        return document

    def refuse(self, file: str, message: str, hint: str = "") -> Document:
        problem = Problem(file, 0, 0, message, hint)
        self.note(problem)
        return Document(file, problems=(problem,))

    def title(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def note(self, problem: Problem) -> None:
        self.problems[problem] = None


def _at(value: Any, path: DataPath) -> Mapping[str, Any]:
    for step in path:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}
