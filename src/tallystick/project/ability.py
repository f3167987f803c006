"""What a manifest says can be done with an object."""

from typing import Literal

from tallystick.project.manifest import Manifest, ObjectSpec

Ability = Literal["list", "get", "create", "update", "delete"]


def can(manifest: Manifest, spec: ObjectSpec, ability: Ability) -> bool:
    """Tell whether the manifest declares a way to do this; an object in memory can be used in every way.

    So can a table, which is named like its object unless the manifest says otherwise. A view can only be read: all its
    fields are read-only.
    """
    if manifest.protocol == "memory":
        return True
    if manifest.protocol == "sql":
        is_writable = not spec.fields or any(not field.read_only for field in spec.fields.values())
        return ability in {"list", "get"} or is_writable
    if manifest.protocol == "files":
        return ability in {"list", "get"} or (spec.file is not None and spec.file.write != "never")
    return bool(getattr(spec, ability) or getattr(spec, f"{ability}_bulk", None))
