"""One mapping as the rules of linting see it."""

from tallystick.core.error import Problem
from tallystick.core.mapping import FieldMapping, ObjectMapping
from tallystick.core.path import render
from tallystick.core.record import Side, other
from tallystick.core.schema import Field
from tallystick.project.ability import Ability, can
from tallystick.project.build import writes_to
from tallystick.project.load import LoadedProject
from tallystick.project.manifest import ObjectSpec
from tallystick.project.model import EndSpec, MappingSpec
from tallystick.project.source import Severity
from tallystick.project.text import DataPath


class MappingView:
    """One mapping as the rules see it: as built, as written, and what its systems can do."""

    def __init__(self, loaded: LoadedProject, mapping: ObjectMapping) -> None:
        self.loaded = loaded
        self.mapping = mapping
        self.spec: MappingSpec = loaded.mappings[mapping.name]

    def problem(
        self, path: DataPath, message: str, hint: str = "", *, severity: Severity = "error", at_key: bool = False
    ) -> Problem:
        """Make a problem that points at ``path`` of the mapping's file."""
        name = self.mapping.name
        return self.loaded.problem("mapping", name, path, message, hint, severity=severity, at_key=at_key)

    def object(self, side: Side) -> ObjectSpec:
        """Give the manifest's entry of the object on ``side``."""
        end = self.mapping.end(side)
        return self.loaded.manifests[end.system].objects[end.object]

    def end_spec(self, side: Side) -> EndSpec:
        """Give what the mapping says of the end on ``side``."""
        return self.spec.left if side == "left" else self.spec.right

    def can(self, side: Side, ability: Ability) -> bool:
        """Tell whether the manifest declares a way to do this."""
        return can(self.loaded.manifests[self.mapping.end(side).system], self.object(side), ability)

    def creates_on(self, side: Side) -> bool:
        """Tell whether records of the other side without counterpart are created on ``side``."""
        return bool(getattr(self.spec.on_unmatched, other(side)) == "create")

    def written_on(self, side: Side) -> list[FieldMapping]:
        """Give the fields whose values flow to ``side``."""
        return [f for f in self.mapping.fields if writes_to(side, f.policy.direction)]

    def declared(self, field: FieldMapping, side: Side) -> Field | None:
        """Give what the manifest declares of a field's place, if it is a plain path."""
        return self.mapping.end(side).schema.by_path.get(render(field.place(side).path))
