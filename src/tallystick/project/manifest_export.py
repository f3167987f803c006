"""How a manifest says that a system lists everything by a job: it is ordered, waited for, and then fetched."""

from typing import Any, Literal

from pydantic import Field

from tallystick.project.model_base import Model
from tallystick.project.spelling import ParameterText


class ExportCall(Model):
    """One call of an export. ``{job}`` in path, query or body is the id of the job."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str
    query: dict[str, ParameterText | tuple[str, ...]] = {}
    headers: dict[str, ParameterText] = {}
    body: dict[str, Any] = {}
    encoding: Literal["json", "form", "xml"] = "json"


class ExportSpec(Model):
    """A listing of everything by a job. Without ``result`` or ``addresses`` the records are in the last status."""

    submit: ExportCall
    """Orders the export."""
    job: str = "id"
    """Path of the job's id in the answer, or ``header:NAME``; of an address the last step is the id."""
    status: ExportCall
    """Asks how far it is."""
    state: str = ""
    """Path of the word for how far it is. Without one, status 202 means that it is not ready, and any other success
    that it is."""
    done: tuple[str, ...] = ()
    """The words for "all is there"; any that is named nowhere means that it is still under way."""
    failed: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()
    partial: tuple[str, ...] = ()
    """The words for "ended, and not all is there"."""
    message: str = ""
    """Path of what the system says about a job that failed."""
    count: str = ""
    """Path of how many records there are. An export that gives another number is refused."""
    every_seconds: float = Field(5, ge=0)
    """How long to wait between two looks; a ``Retry-After`` counts instead."""
    longest_seconds: float = Field(1800, gt=0)
    """An export that takes longer has failed."""
    result: ExportCall | None = None
    """Fetches the records."""
    addresses: str = ""
    """Path in the last status of the address of the records, or of a list of such addresses."""
    address_in: str = ""
    """Path of the address in an entry of that list."""
    format: Literal["json", "jsonl", "csv"] = "json"
    """``jsonl``: a record a line. ``csv``: all values are texts."""
    record: str = ""
    """Path of the list of records, for ``json``."""
    next: str = ""
    """Path of what asks for the next part of the records, or ``header:NAME``: an address, or a token for
    ``next_param``."""
    next_param: str = ""
