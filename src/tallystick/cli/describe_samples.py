"""Ask listings of a system that nothing describes, and describe it from what they answer."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tallystick.cli.describe_openapi import fetch, keep_access, without_secrets

if TYPE_CHECKING:
    from tallystick.project.manifest import Manifest


def describe_answers(urls: Sequence[str], base_url: str, folder: Path, known: "Manifest | None") -> "Manifest":
    """Describe a system from its listings at these addresses, each asked once.

    ``known`` is what is described of it already: its credentials are used, and kept.

    Raises:
        ProjectError: an answer holds no records that can be told apart.
        AccessError, RemoteError: an address does not answer.
    """
    from tallystick.connectors.describe.samples import Sample, describe_samples

    samples = [Sample(without_secrets(url), fetch(url, known, folder)) for url in urls]
    described = describe_samples(samples, source=samples[0].url, base_url=base_url)
    return keep_access(described, known)
