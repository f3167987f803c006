"""Find mappings by the names that a person gave."""

from collections.abc import Sequence

from tallystick.core.error import ProjectError
from tallystick.project.load import LoadedProject
from tallystick.project.near import suggest


def chosen_mappings(loaded: LoadedProject, names: Sequence[str] | None) -> list[str]:
    """Give the named mappings, all if none is named.

    Raises:
        ProjectError: there is no mapping of that name.
    """
    for name in names or ():
        if name not in loaded.mappings:
            raise ProjectError(f"no mapping is called '{name}'", hint=suggest(name, loaded.mappings, what="mappings"))
    return [name for name in loaded.mappings if not names or name in names]
