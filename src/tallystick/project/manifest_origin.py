"""Where a manifest comes from, so that the description can be looked at again."""

from typing import Literal

from tallystick.project.model_base import Model

SourceKind = Literal["openapi", "postman", "wsdl", "graphql", "odata", "sample", "database", "files"]


class Origin(Model):
    """What the system was described from. `tally describe NAME --again` reads it anew."""

    kind: SourceKind
    sources: tuple[str, ...] = ()
    """Files as seen from the project, addresses without secrets, or references."""
    base_url: str = ""
    """What was given as --base-url."""
    variables: str = ""
    """The file of a Postman environment."""
    schema_name: str = ""
    tables: tuple[str, ...] = ()
    version: str = ""
    """The version that the description gives itself."""
    fingerprint: str = ""
    """Of everything that was understood of the description; two descriptions that say the same share it."""
