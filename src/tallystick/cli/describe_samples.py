"""Ask listings of a system that nothing describes, and describe it from what they answer."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from tallystick.cli.describe_openapi import ask, fetch, keep_access, without_secrets
from tallystick.core.error import Error

if TYPE_CHECKING:
    from tallystick.connectors.http.message import Response
    from tallystick.project.manifest import Manifest

_MOST: Final = 90


def describe_answers(urls: Sequence[str], base_url: str, folder: Path, known: "Manifest | None") -> "Manifest":
    """Describe a system from its listings at these addresses, and from what some more reading requests show.

    ``known`` is what is described of it already: its credentials are used, and kept. All requests are GETs and OPTIONS,
    one at a time, and few for each listing.

    Raises:
        ProjectError: an answer holds no records that can be told apart.
        AccessError, RemoteError: an address does not answer.
    """
    from tallystick.connectors.describe.closer import look_closer
    from tallystick.connectors.describe.samples import Sample, describe_samples

    samples = [Sample(without_secrets(url), fetch(url, known, folder)) for url in urls]
    described = describe_samples(samples, source=samples[0].url, base_url=base_url)
    made, is_there = len(samples), True

    def ask_on(url: str, method: Literal["GET", "OPTIONS"] = "GET") -> "Response | None":
        nonlocal made, is_there
        if not is_there or made >= _MOST * len(samples):
            return None
        made += 1
        try:
            return ask(url, known, folder, method)
        except Error:
            is_there = False  # whoever does not answer any more is not asked any more
            return None

    described = look_closer(described, samples, ask_on)
    note = f"{made} reading requests were made to find this out; nothing was written."
    return keep_access(described.model_copy(update={"notes": (*described.notes, note)}), known)
