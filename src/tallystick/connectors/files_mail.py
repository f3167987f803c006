"""A mailbox as a place: the named attachments of its mails are the files, read by IMAP and never changed.

A file is as old as its mail: of two with one name the one that was sent later counts, wherever it lies in the folder.
The mailbox is opened read-only, and written to only where the manifest marks mails as seen or archives them.
"""

import hashlib
import re
import tempfile
from binascii import Error as BinasciiError
from binascii import a2b_base64, a2b_qp
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, Final

from tallystick.connectors.files_mail_parts import Letter, Part, number_of, read_answers, read_letter
from tallystick.connectors.files_mail_session import Session, quoted
from tallystick.connectors.files_place import Place, Seen, check_name
from tallystick.connectors.files_text import cut_off
from tallystick.core.error import AccessError, Garbled, ProjectError, Unavailable
from tallystick.project.manifest_files import FileSpec, MailSpec

_PIECE: Final = 1 << 20  # bytes asked for at once
_AT_ONCE: Final = 100  # mails described by one answer
_MOST_SEARCHED: Final = 50_000  # so that the list of their ids stays a line of bearable length
_WANTED: Final = "(UID INTERNALDATE BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (FROM SUBJECT DATE)])"
_PLAIN: Final = frozenset({"", "7bit", "8bit", "binary"})


class Mailbox:
    """The attachments of the mails in one folder. ``mail`` says which mails count.

    The parts of a mailbox that ``narrow`` gives share its connection, and what is known of mails: a mail never changes.
    """

    shares_clock = False

    def __init__(
        self, session: Session, mail: MailSpec | None = None, known: dict[str, dict[int, Letter]] | None = None
    ) -> None:
        self._session = session
        self._mail = mail or MailSpec()
        self._known = {} if known is None else known
        self.title = f"{session.title}: {session.root}"

    def narrow(self, file: FileSpec) -> Place:
        """Give the mails that may bring one file. Raises ``ProjectError`` for what a mailbox cannot do."""
        if file.write != "never" or file.complete.marker:
            hint = "write: never, and no 'marker'"
            raise ProjectError("what came by mail is only read, and whole", hint=hint, place=self.title)
        return Mailbox(self._session, file.mail, self._known)

    def look(self, folder: str) -> list[Seen]:
        """List the attachments in the mailbox, or in a folder below it; those of the newest mail come first."""
        entered = self._session.enter(check_name(folder) if folder else "")
        if entered is None:
            if folder:
                return []
            hint = f"there are: {self._session.folders()}"
            raise AccessError("the folder of the mailbox is not there", hint=hint, place=self.title)
        validity, total = entered
        letters = [
            each
            for each in self._letters(folder, validity, total)
            if each.is_from(self._mail.sender) and each.is_about(self._mail.subject)
        ]
        letters.sort(key=lambda each: (each.moment, each.uid), reverse=True)
        return [
            Seen(folder, part.name, part.size, each.moment, f"{validity}.{each.uid}.{part.section}", is_settled=True)
            for each in letters
            for part in _shallowest(each.parts)
        ]

    def look_at(self, seen: Seen) -> Seen | None:
        """Look whether the mail is still there; what it brings cannot change."""
        validity, uid, _ = seen.mark.split(".", 2)
        entered = self._session.enter(seen.folder)
        if entered is None or entered[0] != int(validity):
            return None
        answers = read_answers(self._session.ask("UID FETCH", uid, "(UID)"), self.title)
        return seen if any(each.get(b"UID") == uid.encode() for each in answers) else None

    def open(self, seen: Seen) -> IO[bytes]:
        """Fetch an attachment, piece by piece, into a private temporary file."""
        if self.look_at(seen) is None:
            raise Unavailable("the mail has gone meanwhile", hint="run again", place=self._path(seen))
        sink: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
        try:
            self._fetch_once(seen, sink)
        except BaseException:
            sink.close()
            raise
        sink.seek(0)
        return sink

    def replace(self, seen: Seen, content: Iterable[bytes]) -> Seen:  # noqa: ARG002 - the place's signature
        """Refuse: what came by mail is only read."""
        raise ProjectError("what came by mail is only read", hint="write: never", place=self._path(seen))

    def move(self, seen: Seen, folder: str, name: str) -> None:  # noqa: ARG002 - a mail keeps its name
        """Move the mail with all that is in it into a folder below the mailbox."""
        session, uid = self._session, self._enter_to_write(seen)
        if uid:
            session.move(uid, check_name(folder))

    def acknowledge(self, seen: Seen) -> None:
        """Mark the mail as seen, where the manifest says so."""
        if not self._mail.mark_seen:
            return
        uid = self._enter_to_write(seen)
        if uid:
            self._session.ask("UID STORE", uid, "+FLAGS.SILENT", r"(\Seen)")

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _letters(self, folder: str, validity: int, total: int) -> list[Letter]:
        """Describe the newest mails, those that are known from memory."""
        known = self._known.setdefault(f"{folder}/{validity}", {})
        found = [number_of(each, self.title) for each in self._search(total)]
        uids = sorted(found, reverse=True)[: self._mail.newest]
        new = [uid for uid in uids if uid not in known]
        for at in range(0, len(new), _AT_ONCE):
            wanted = ",".join(str(uid) for uid in new[at : at + _AT_ONCE])
            for answer in read_answers(self._session.ask("UID FETCH", wanted, _WANTED), self.title):
                # Servers tell in between what else has changed: not every answer describes a mail.
                if b"BODYSTRUCTURE" in answer:
                    letter = read_letter(answer, self.title)
                    known[letter.uid] = letter
        return [known[uid] for uid in uids if uid in known]

    def _search(self, total: int) -> list[bytes]:
        if not total:
            return []
        criteria = [f"{total - _MOST_SEARCHED + 1}:*"] if total > _MOST_SEARCHED else []
        criteria.append("UNDELETED")
        if self._mail.sender:
            criteria += ["FROM", quoted(self._mail.sender, self.title)]
        return [uid for line in self._session.ask("UID SEARCH", *criteria) for uid in line.split()]

    def _enter_to_write(self, seen: Seen) -> str:
        """Open the folder of a mail for changes; gives its id, or nothing where it is not the same folder any more."""
        validity, uid, _ = seen.mark.split(".", 2)
        entered = self._session.enter(seen.folder, writes=True)
        return uid if entered is not None and entered[0] == int(validity) else ""

    def _parts(self, seen: Seen) -> tuple[str, list[Part]]:
        """Give the part that was seen, and its twins: parts of the same mail that bear its name."""
        validity, uid, section = seen.mark.split(".", 2)
        letter = self._known[f"{seen.folder}/{validity}"][int(uid)]
        [part] = [each for each in letter.parts if each.section == section]
        twins = [each for each in letter.parts if (each.name, each.depth) == (part.name, part.depth) and each != part]
        return uid, [part, *twins]

    def _fetch_once(self, seen: Seen, sink: IO[bytes]) -> None:
        """Fetch what was seen. Raises ``Garbled`` where the mail has another file of the same name."""
        uid, parts = self._parts(seen)
        first = self._fetch(uid, parts[0], seen, sink)
        for twin in parts[1:]:
            with tempfile.TemporaryFile() as beside:
                if self._fetch(uid, twin, seen, beside) != first:
                    message = "the mail brings two different files of this name"
                    hint = "ask the sender for one, or for names that differ"
                    raise Garbled(message, hint=hint, place=self._path(seen))

    def _fetch(self, uid: str, part: Part, seen: Seen, sink: IO[bytes]) -> bytes:
        """Fetch one part as the bytes that it stands for; gives their digest."""
        place, digest = self._path(seen), hashlib.sha256()
        for piece in _decoded(self._pieces(uid, part, place), part.encoding, place):
            digest.update(piece)
            sink.write(piece)
        return digest.digest()

    def _pieces(self, uid: str, part: Part, place: str) -> Iterator[bytes]:
        at, most = 0, self._mail.largest_bytes
        while True:
            if max(at, part.size) > most:
                detail = f"it has {max(at, part.size)} bytes, and {most} are allowed"
                hint = "raise 'largest_bytes' under 'mail'"
                raise Garbled("the attachment is too large", detail=detail, hint=hint, place=place)
            replies = self._session.ask("UID FETCH", uid, f"(UID BODY.PEEK[{part.section}]<{at}.{_PIECE}>)")
            piece = _content(read_answers(replies, place), uid)
            at += len(piece)
            yield piece
            # Servers err by some bytes in the size that they tell, so it does not tell the end alone.
            if not piece or (len(piece) < _PIECE and at >= part.size):
                return

    def _path(self, seen: Seen) -> str:
        return f"{self.title}/{seen.path}"


def _content(answers: Iterable[dict[bytes, Any]], uid: str) -> bytes:
    for answer in answers:
        if answer.get(b"UID") == uid.encode():
            for key, value in answer.items():
                if key.startswith(b"BODY[") and isinstance(value, bytes):
                    return value
    return b""


def _shallowest(parts: Sequence[Part]) -> Iterator[Part]:
    """Give one part of each name: a mail's own attachment counts before that of a mail forwarded in it."""
    chosen: dict[str, Part] = {}
    for part in parts:
        if part.name not in chosen or part.depth < chosen[part.name].depth:
            chosen[part.name] = part
    yield from chosen.values()


def _decoded(pieces: Iterator[bytes], encoding: str, place: str) -> Iterator[bytes]:
    """Undo a transfer encoding piece by piece. Raises ``Unavailable`` for an attachment that was cut off."""
    if encoding in _PLAIN:
        yield from pieces
    elif encoding == "base64":
        yield from _from_base64(pieces, place)
    elif encoding == "quoted-printable":
        rest = b""
        for piece in pieces:
            # Only whole lines: an escape may be split at the end of a piece, never at the end of a line.
            lines, newline, rest = (rest + piece).rpartition(b"\n")
            yield a2b_qp(lines + newline)
        yield a2b_qp(rest)
    else:
        raise Garbled(f"an attachment in the encoding '{encoding}' cannot be read", place=place)


def _from_base64(pieces: Iterator[bytes], place: str) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        text = rest + re.sub(rb"[^A-Za-z0-9+/=]", b"", piece)
        whole = len(text) // 4 * 4
        rest = text[whole:]
        try:
            yield a2b_base64(text[:whole])
        except BinasciiError as error:
            raise Garbled("the attachment cannot be decoded", detail=str(error), place=place) from None
    if rest:
        raise cut_off(place, "its encoded text ends in the middle")
