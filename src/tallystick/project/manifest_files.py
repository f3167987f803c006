"""What a manifest says of an object that lives in a file: where, how it is spelled, and when it counts as complete."""

from typing import Final, Literal

from pydantic import Field

from tallystick.project.model_base import Model

MAIL_SCHEMES: Final = frozenset({"imap", "imaps"})


class Complete(Model):
    """What proves that a file is whole. Until then nothing in it is believed, and nothing missing in it is deleted.

    Everything that is set must hold. Where neither a marker, a trailer nor ``renamed`` is set, a file must have kept
    its size for ``settle_seconds``.
    """

    marker: str = ""
    """Name of a file that the sender writes last: ``{name}.done``. ``{name}`` is the file's own name."""
    trailer: str = ""
    """Regular expression of the last line; what its group ``rows`` matches is the number of records."""
    renamed: bool = False
    """The sender writes under another name and renames the finished file, so a file that is there is whole."""
    settle_seconds: float = Field(2, ge=0)
    """How long size and time of change must have stayed the same."""
    final_newline: bool = True
    """A whole file ends with a line end; without any other proof, one that does not was cut off."""


class MailSpec(Model):
    """Which mails bring the file, where the system's ``url`` is a mailbox.

    A sender's name can be forged: only the mail server can see to it that foreign mail does not reach the folder.
    """

    sender: str = ""
    """Only mail from this address, or from a domain: ``reports@shop.example``, ``@shop.example``."""
    subject: str = ""
    """Only mail whose subject contains this text, in whatever case."""
    newest: int = Field(1000, ge=1, le=20_000)
    """How many mails, the newest of those that are in the folder from this sender, are looked at."""
    largest_bytes: int = Field(200_000_000, ge=1)
    """A larger attachment is refused."""
    mark_seen: bool = False
    """Mark the mail as seen after a run has read its file. Otherwise the mailbox is only read."""


class FileSpec(Model):
    """The file, or the row of files, that an object's records are in."""

    name: str
    """The file's name below the system's ``url``. ``{date}`` and ``{number}`` stand for the part that tells which
    file is the newest, ``*`` for any text: ``customers-{date}.csv``."""
    format: Literal["csv", "tsv", "xlsx", "json", "jsonl", "xml", "fixed"]
    encoding: str = "utf-8"
    """How text is encoded; a byte order mark is recognised whatever is said here."""
    delimiter: str = Field(",", min_length=1, max_length=1)
    """CSV: what separates the cells."""
    quote: str = Field('"', max_length=1)
    """CSV: what encloses a cell; empty where nothing does."""
    header: int = Field(1, ge=0)
    """Number of the line with the names of the columns; 0 where there is none and ``columns`` names them."""
    columns: tuple[str, ...] = ()
    """Names of the columns of a file without header."""
    widths: tuple[int, ...] = ()
    """Fixed width: how many characters each column has."""
    decimal: Literal[".", ","] = "."
    """What separates the fraction of numbers."""
    thousands: Literal["", ".", ",", " ", "'"] = ""
    """What groups the digits of numbers."""
    sheet: str = ""
    """XLSX: name of the sheet; the first one if empty."""
    records: str = ""
    """JSON: path of the list of records, where the file is not that list. XML: name of a record's element."""
    complete: Complete = Complete()
    archive: str = ""
    """Folder, below the system's ``url``, into which a file is moved after a run has read it; of a mailbox, the mail
    with all that is in it. It stays the state of the system until a newer one arrives."""
    mail: MailSpec = MailSpec()
    write: Literal["never", "replace"] = "never"
    """``replace`` writes a whole new file with the changes merged in, and puts it in the place of the old one at once.
    """
