"""From a manifest's protocol to the connector that speaks it. Nothing is imported before it is needed.

Protocols of other packages announce themselves by the entry-point group ``tallystick.connectors``: the name is the
protocol, the object a function like ``open_system``.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from typing import Final

from tallystick.core.error import ProjectError
from tallystick.core.ports import Connector, Secrets, Transport
from tallystick.project.manifest import Manifest
from tallystick.project.shapes import expand, is_composite, plain

Opener = Callable[[str, Manifest, Secrets], tuple[Connector, Transport]]

GROUP: Final = "tallystick.connectors"
_BUILT_IN: Final = {
    "rest": "tallystick.connectors.rest",
    "graphql": "tallystick.connectors.graphql",
    "soap": "tallystick.connectors.soap",
    "rpc": "tallystick.connectors.rpc",
    "sql": "tallystick.connectors.sql",
    "memory": "tallystick.connectors.memory",
    "files": "tallystick.connectors.files",
}


def protocols() -> tuple[str, ...]:
    """Name the protocols that can be spoken."""
    return tuple(sorted({*_BUILT_IN, *(found.name for found in entry_points(group=GROUP))}))


def open_system(name: str, manifest: Manifest, secrets: Secrets) -> tuple[Connector, Transport]:
    """Open a system by its manifest. Nothing is sent yet.

    Raises:
        ProjectError: the protocol is not known, or its connector cannot be loaded or opened.
    """
    simple = plain(manifest)
    connector, transport = _opener(manifest.protocol, name)(name, simple, secrets)
    has_children = any(spec.under is not None for spec in manifest.objects.values())
    if simple is manifest and not has_children:
        return connector, transport
    from tallystick.connectors.children import gather
    from tallystick.connectors.composite import compose
    from tallystick.connectors.nested import nest

    whole = expand(manifest)
    if has_children:
        connector = gather(name, plain(whole), connector)
    if any(spec.inside is not None for spec in manifest.objects.values()):
        connector = nest(name, whole, connector)
    if any(map(is_composite, manifest.objects.values())):
        connector = compose(name, whole, connector)
    return connector, transport


def _opener(protocol: str, place: str) -> Opener:
    module = _BUILT_IN.get(protocol)
    try:
        if module is not None:
            opener: Opener = import_module(module).open_system
            return opener
        for found in entry_points(group=GROUP, name=protocol):
            foreign: Opener = found.load()
            return foreign
    except (ImportError, AttributeError) as cause:
        raise ProjectError(
            f"the connector for protocol '{protocol}' cannot be loaded ({cause})",
            hint="install what it needs; the documentation of the protocol names the extra",
            place=place,
        ) from cause
    raise ProjectError(f"protocol '{protocol}' is not known", hint=f"known are: {', '.join(protocols())}", place=place)
