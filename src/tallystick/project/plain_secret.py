"""Secrets that stand in project files as they are, where a reference belongs.

Two signs: an entry that is made for a secret holds something else than a reference; or a text has the shape that
issuers give to their keys. No finding repeats the text.
"""

import re
from collections.abc import Iterator
from typing import Final

from tallystick.project.secrets import references
from tallystick.project.source import Layer
from tallystick.project.text import DataPath

_MADE_FOR_SECRETS: Final = re.compile(
    r"(?:^|[_-])(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)$"
    r"|^(?:authorization|x-api-key|cookie)$",
    re.IGNORECASE,
)
_KEY_SHAPES: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*"
    r"|\b(?:sk|pk|rk|pat|ghp|gho|ghs|glpat|xox[abprs]|shpat|npm|AKIA|ASIA|AIza)[-_]?[A-Za-z0-9_-]{16,}"
    r"|^(?:Bearer|Basic)\s+[\w+/=.-]{8,}$"
)
_URL_PASSWORD: Final = re.compile(r"^[a-z][a-z0-9+.-]*://[^\s/:@]*:([^\s/@]+)@", re.IGNORECASE)


def find_plain_secrets(layer: Layer, *, by_name: bool = True) -> Iterator[DataPath]:
    """Give the paths, within the layer, of texts that look like secrets and are no references.

    ``by_name`` takes the names of entries as a sign too; in a mapping they are the names of other people's fields.
    """
    for whole in layer.document.values:
        if whole[: len(layer.prefix)] != layer.prefix:
            continue
        path = whole[len(layer.prefix) :]
        value = layer.document.at(whole)
        if isinstance(value, str) and value and not references(value) and _is_secret(path, value, by_name=by_name):
            yield path


def _is_secret(path: DataPath, value: str, *, by_name: bool) -> bool:
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    # An API key stands under `value`: what it is for is said by what is around it.
    made_for_it = _MADE_FOR_SECRETS.search(name) or path[-2:] == ("auth", "value")
    return bool((by_name and made_for_it) or _KEY_SHAPES.search(value) or _URL_PASSWORD.search(value))
