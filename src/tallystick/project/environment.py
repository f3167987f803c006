"""Environments: what differs in staging or production, laid over the systems as they are written down."""

from collections.abc import Mapping
from typing import Any


def overlay(base: Any, top: Any) -> Any:
    """Lay ``top`` over ``base`` and give the result; neither is changed.

    Mappings are merged key by key. A null takes the key away, so that its default holds. A list, a plain value, and a
    mapping of another ``type`` (other authentication, other paging) replace what was there.
    """
    if not isinstance(base, Mapping) or not isinstance(top, Mapping):
        return top
    if "type" in top and top["type"] != base.get("type"):
        return dict(top)
    merged = dict(base)
    for key, value in top.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = overlay(base[key], value) if key in base else value
    return merged
