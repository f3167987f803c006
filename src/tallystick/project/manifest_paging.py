"""How a manifest says that a listing is asked for page by page, and what its answers tell of the rest."""

from typing import Annotated, Literal

from pydantic import Field

from tallystick.project.model_base import Model


class _Capped(Model):
    """Every way of paging may end at a limit of the system's own."""

    cap: int | None = Field(None, ge=1)
    """How many records one listing gives at most, however many there are (often 1000 or 10000). What is cut off there
    is read in parts by the time of change: by ``sort``, or by ``since`` with ``until``."""


class NoPaging(_Capped):
    """The listing comes in one answer."""

    type: Literal["none"] = "none"


class OffsetPaging(_Capped):
    """``offset`` and ``limit``, counted in records."""

    type: Literal["offset"]
    offset_param: str = "offset"
    limit_param: str = "limit"
    limit: int = Field(100, ge=1)
    max_limit: int | None = None
    total: str = ""
    """Path to the number of all records in the answer, or ``header:NAME``; lets pages be read side by side."""


class PagePaging(_Capped):
    """Numbered pages."""

    type: Literal["page"]
    page_param: str = "page"
    first: int = 1
    size_param: str = ""
    size: int = Field(100, ge=1)
    max_size: int | None = None
    total: str = ""
    """Path to the number of all records, or ``header:NAME``."""
    pages: str = ""
    """Path to the number of pages, or ``header:NAME``."""


class CursorPaging(_Capped):
    """An opaque token from the answer (or the last record's id) asks for the next page."""

    type: Literal["cursor"]
    cursor_param: str = "cursor"
    next: str = ""
    """Path to the next token in the answer, or ``header:NAME``. Empty with ``from_last`` set."""
    from_last: str = ""
    """Path in the last record whose value is the next token (``starting_after``)."""
    has_more: str = ""
    """Path to a boolean that says whether more follows."""
    size_param: str = ""
    size: int = Field(100, ge=1)
    max_size: int | None = None


class LinkPaging(_Capped):
    """A ``Link: <...>; rel="next"`` header."""

    type: Literal["link"]
    size_param: str = ""
    size: int = Field(100, ge=1)
    max_size: int | None = None


class NextUrlPaging(_Capped):
    """The whole address of the next page is in the answer."""

    type: Literal["next_url"]
    next: str
    """Path to the address in the answer, or ``header:NAME``."""
    size_param: str = ""
    size: int = Field(100, ge=1)
    max_size: int | None = None


Paging = Annotated[
    NoPaging | OffsetPaging | PagePaging | CursorPaging | LinkPaging | NextUrlPaging, Field(discriminator="type")
]
