"""What a manifest says can be done with an object."""

from typing import Literal

from tallystick.project.manifest import Manifest, ObjectSpec

Ability = Literal["list", "create", "update", "delete"]


def can(manifest: Manifest, spec: ObjectSpec, ability: Ability) -> bool:
    """Tell whether the manifest declares a way to do this; a table and an object in memory can be used in every way."""
    if manifest.protocol == "sql":
        return spec.table is not None
    if manifest.protocol == "memory":
        return True
    return bool(getattr(spec, ability) or getattr(spec, f"{ability}_bulk", None))
