"""From an opened project to a scene: the parts that the wiring knows, handed over to the rooms."""

from collections.abc import Mapping, Sequence

from tallystick.checklist.addresses import addresses_of
from tallystick.checklist.scene import Budget, Reader, Scene
from tallystick.engine.pair import Pair
from tallystick.project.load import LoadedProject


def open_scene(
    loaded: LoadedProject, readers: Mapping[str, Reader], pairs: Sequence[Pair], *, sample: int = 0
) -> Scene:
    """Make a scene; ``sample`` is how many records of an object are looked at, 0 for the usual number."""
    budget = Budget(sample, max(Budget().pages, sample // 20)) if sample else Budget()
    return Scene(loaded, readers, pairs, addresses_of(loaded), budget)
