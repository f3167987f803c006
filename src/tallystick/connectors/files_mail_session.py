"""A connection to a mail server: encrypted, signed in, opened when it is needed, and opened anew when it was lost."""

import imaplib
import ipaddress
import re
import socket
import ssl
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

from tallystick.connectors.files_curl import Address, Credentials
from tallystick.connectors.files_mail_parts import number_of
from tallystick.core.error import AccessError, Error, Garbled, ProjectError, Unavailable
from tallystick.project.manifest import Network

if TYPE_CHECKING:
    from tallystick.connectors.token_source import TokenSource

_PORTS: Final = {"imap": 143, "imaps": 993}
_LARGEST_PIECE: Final = 16_000_000  # bytes that a server may send at once; files are asked for in smaller pieces
_MOST_NAMED: Final = 12
_FOR_NOW: Final = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\b", re.IGNORECASE)
_LOST = (imaplib.IMAP4.abort, OSError)


class _Bounded:
    """Refuses a piece that is larger than anything that was asked for."""

    def read(self, size: int) -> bytes:
        if size > _LARGEST_PIECE:
            raise imaplib.IMAP4.abort(f"the server announces {size} bytes at once")
        return super().read(size)  # type: ignore[misc,no-any-return]  # of the class that this is mixed into


class _Plain(_Bounded, imaplib.IMAP4):
    pass


class _Encrypted(_Bounded, imaplib.IMAP4_SSL):
    pass


class Session:
    """One connection to the server of a mailbox. Every failure is an error of the tree.

    ``?tls=off`` in the address consents to a connection without encryption; on this machine none is needed.
    """

    def __init__(self, address: Address, who: Credentials, network: Network, title: str) -> None:
        parts = urlsplit(address.root)
        if network.proxy:
            raise ProjectError("a mailbox cannot be read through a proxy", hint="remove network.proxy", place=title)
        if unknown := set(address.settings) - {"tls"} or {*address.settings.values()} - {"off"}:
            hint = "the only setting is ?tls=off; sender and subject belong under 'mail' of a file"
            raise ProjectError(f"'{min(unknown)}' is no setting of a mailbox", hint=hint, place=title)
        self._host, self._port = address.host, parts.port or _PORTS[address.scheme]
        self._is_tls = address.scheme == "imaps"
        self._may_be_open = bool(address.settings) or _is_loopback(address.host)
        self._user = who.user or unquote(address.user)
        if not self._user or not (who.password or who.token or who.tokens):
            hint = "auth: {type: basic, username: ..., password: '${env:NAME}'}, or a token or OAuth 2.0 for XOAUTH2"
            raise ProjectError("nothing says how to sign in to the mailbox", hint=hint, place=title)
        self._who = who
        self._network = network
        self._token = ""
        self._wire: Any = None
        self._delimiter = ""
        self.root = unquote(parts.path).strip("/") or "INBOX"
        self.title = title

    def close(self) -> None:
        """Sign out and close the connection; the next question opens it again."""
        wire, self._wire = self._wire, None
        if wire is not None:
            with suppress(imaplib.IMAP4.error, OSError):
                wire.logout()
            with suppress(OSError):
                wire.shutdown()
        if self._who.tokens is not None:
            self._who.tokens.close()

    def enter(self, folder: str, *, writes: bool = False) -> tuple[int, int] | None:
        """Open a folder, read-only unless it ``writes``; ``None`` where there is none.

        Gives the folder's UIDVALIDITY, which tells whether ids of mails are still the known ones, and how many mails
        are in it.
        """
        kept = self._wire is not None
        try:
            return self._enter(folder, writes=writes)
        except Unavailable:
            # Servers hang up on who is idle: once, that is no failure.
            if not kept or self._wire is not None:
                raise
        return self._enter(folder, writes=writes)

    def path_of(self, folder: str) -> str:
        """Give the name that a folder has on the server: the mailbox, or the folder below it."""
        parts = [*self.root.split("/"), *([folder] if folder else [])]
        return self._separator().join(parts)

    def folders(self) -> str:
        """Name some folders that are there."""
        lines = self.ask("LIST", '""', "*")
        names = [decode_folder(found[1].decode("ascii", "replace")) for line in lines if (found := _listed(line))]
        return ", ".join(sorted(names, key=lambda name: (name != "INBOX", name))[:_MOST_NAMED])

    def can(self, ability: str) -> bool:
        """Tell whether the server has an extension."""
        return ability in self._connected().capabilities

    def ask(self, command: str, *arguments: str) -> Sequence[Any]:
        """Ask for something. Raises ``AccessError`` where the server says no, ``Unavailable`` where it is lost."""
        verb = command.removeprefix("UID ")

        def put(wire: Any) -> Any:
            if verb != command:
                return wire.uid(verb, *arguments)
            return {"LIST": wire.list, "CREATE": wire.create}[verb](*arguments)

        status, lines = self._perform(put)
        if status != "OK":
            raise self._refusal(f"the mail server refuses {verb}", lines, "check what the user may do")
        return [line for line in lines if line is not None]

    def move(self, uid: str, folder: str) -> None:
        """Move a mail of the open folder into one below the mailbox, which is made if needed.

        Where the server cannot move, the mail is copied and the old one deleted, and no other with it.
        """
        target = quoted(encode_folder(self.path_of(folder)), self.title)
        moves = self.can("MOVE")
        command = "UID MOVE" if moves else "UID COPY"
        try:
            self.ask(command, uid, target)
        except AccessError:
            # Why it was refused, if not for the folder, the second attempt tells.
            with suppress(AccessError):
                self.ask("CREATE", target)
            self.ask(command, uid, target)
        if not moves:
            self.ask("UID STORE", uid, "+FLAGS.SILENT", r"(\Deleted)")
            if self.can("UIDPLUS"):
                self.ask("UID EXPUNGE", uid)

    def _enter(self, folder: str, *, writes: bool) -> tuple[int, int] | None:
        path = quoted(encode_folder(self.path_of(folder)), self.title)
        status, lines = self._perform(lambda wire: wire.select(path, readonly=not writes))
        if status != "OK":
            # Only a folder that is not there holds no mail: of one that cannot be opened now, nothing is known.
            if not any(_is_folder(line) for line in self.ask("LIST", '""', path)):
                return None
            raise self._refusal("the folder of the mailbox cannot be opened", lines, "check what the user may do")
        [validity] = self._connected().response("UIDVALIDITY")[1] or [None]
        return number_of(validity, self.title), number_of(lines[0], self.title)

    def _separator(self) -> str:
        if not self._delimiter:
            lines = self.ask("LIST", '""', '""')
            found = next((each for line in lines if (each := _listed(line))), None)
            self._delimiter = (found[0] if found else b"").decode("ascii", "replace") or "/"
        return self._delimiter

    def _connected(self) -> Any:
        if self._wire is None:
            self._perform(lambda wire: wire.noop())
        return self._wire

    def _perform(self, put: Callable[[Any], Any]) -> Any:
        try:
            if self._wire is None:
                self._wire = self._open()
            return put(self._wire)
        except imaplib.IMAP4.readonly as error:
            self._drop()
            hint = "remove 'archive' and 'mark_seen', or ask for the right to change the mailbox"
            detail = self._spell([error])
            raise AccessError("the mailbox may only be read", detail=detail, hint=hint, place=self.title) from None
        except _LOST as error:
            self._drop()
            raise self._explain(error) from None
        except imaplib.IMAP4.error as error:
            self._drop()
            if "* BYE" in str(error):  # in the place of a greeting
                raise self._explain(error) from None
            raise Garbled("the mail server speaks strangely", detail=self._spell([error]), place=self.title) from None

    def _drop(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            with suppress(OSError):
                wire.shutdown()

    def _open(self) -> Any:
        network = self._network
        trusted = ssl.create_default_context(cafile=network.ca_file or None)
        patience = network.connect_timeout_seconds
        wire: imaplib.IMAP4
        if self._is_tls:
            wire = _Encrypted(self._host, self._port, ssl_context=trusted, timeout=patience)
        else:
            wire = _Plain(self._host, self._port, timeout=patience)
        try:
            wire.socket().settimeout(network.timeout_seconds)
            if not self._is_tls:
                self._encrypt(wire, trusted)
            self._sign_in(wire)
        except BaseException:
            with suppress(OSError):
                wire.shutdown()
            raise
        return wire

    def _encrypt(self, wire: imaplib.IMAP4, trusted: ssl.SSLContext) -> None:
        if "STARTTLS" in wire.capabilities:
            wire.starttls(trusted)
        elif not self._may_be_open:
            raise AccessError(
                "the mail server offers no encryption, so no password is sent",
                hint="use imaps://, or consent to an open connection by ?tls=off",
                place=self.title,
            )

    def _sign_in(self, wire: imaplib.IMAP4) -> None:
        user, who = self._user, self._who
        try:
            if who.tokens is not None:
                self._sign_in_by(who.tokens, wire)
            elif who.token:
                _answer(wire, "XOAUTH2", _bearer(user, who.token))
            elif "AUTH=PLAIN" in wire.capabilities:
                _answer(wire, "PLAIN", f"\0{user}\0{who.password}")
            else:
                quoted(user + who.password, self.title)  # nothing that would end the line
                wire.login(quoted(user, self.title), who.password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            hint = "check 'auth': user name and password or token, and that IMAP is allowed for this mailbox"
            raise self._refusal("the mail server does not let us in", [error], hint) from None
        self._relist(wire)

    def _sign_in_by(self, tokens: "TokenSource", wire: imaplib.IMAP4) -> None:
        """Sign in by a token; where it was good before and is refused now, once more by a new one."""
        held = tokens.held
        token = self._token = tokens.token()
        try:
            _answer(wire, "XOAUTH2", _bearer(self._user, token))
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error:
            if token != held:
                raise
            self._token = tokens.renew()
            _answer(wire, "XOAUTH2", _bearer(self._user, self._token))

    def _relist(self, wire: imaplib.IMAP4) -> None:
        """Ask for the abilities again: many servers name all of them only to who has signed in."""
        status, lines = wire.capability()
        if status == "OK" and lines and lines[-1]:
            wire.capabilities = tuple(lines[-1].decode("ascii", "replace").upper().split())

    def _refusal(self, message: str, said: Sequence[Any], hint: str) -> Error:
        """Make the error of a refusal; some are only for now, and say so (RFC 5530)."""
        detail = self._spell(said)
        if _FOR_NOW.search(detail):
            return Unavailable(message, detail=detail, hint="it is so only for now: run again", place=self.title)
        return AccessError(message, detail=detail, hint=hint, place=self.title)

    def _explain(self, error: Exception) -> Error:
        detail, place = self._spell([error]), f"{self.title}: {self._host}:{self._port}"
        match error:
            case ssl.SSLCertVerificationError():
                hint = "the certificate is not trusted; give the authority's as network.ca_file"
                return AccessError("the mail server cannot prove who it is", detail=detail, hint=hint, place=place)
            case ssl.SSLError():
                hint = "the port may speak without TLS first: imap:// begins TLS by STARTTLS"
                return Unavailable("the encryption failed", detail=detail, hint=hint, place=place)
            case socket.gaierror():
                hint = "check the host in 'url' and the DNS of this machine"
                return Unavailable("the mail server's name is not known", detail=detail, hint=hint, place=place)
            case TimeoutError():
                hint = "it may be slow or a firewall in the way; see network.timeout_seconds"
                return Unavailable("the mail server does not answer", detail=detail, hint=hint, place=place)
            case ConnectionRefusedError():
                hint = "check the port in 'url', and that the server runs"
                return Unavailable("the mail server accepts no connection", detail=detail, hint=hint, place=place)
            case _:
                hint = "nothing is concluded from that; run again"
                return Unavailable("the mail server ended the connection", detail=detail, hint=hint, place=place)

    def _spell(self, said: Sequence[Any]) -> str:
        """Spell what a server said, on one line, without the secret that it may repeat."""
        texts = [each.decode("utf-8", "replace") if isinstance(each, bytes) else str(each) for each in said if each]
        text = " ".join("; ".join(texts).split())
        for secret in filter(None, (self._who.password, self._who.token, self._token)):
            for spelled in (secret, repr(secret)[1:-1], b64encode(secret.encode()).decode()):
                text = text.replace(spelled, "***")
        return text[:300]


def _bearer(user: str, token: str) -> str:
    return f"user={user}\x01auth=Bearer {token}\x01\x01"


def _answer(wire: imaplib.IMAP4, mechanism: str, first: str) -> None:
    # To a refusal's explanation the answer is empty; then the refusal itself comes.
    answers = iter([first.encode()])
    wire.authenticate(mechanism, lambda _: next(answers, b""))


def quoted(text: str, place: str) -> str:
    """Quote a text for a command. Raises ``ProjectError`` for one that would end the command."""
    if not text.isascii() or not text.isprintable():
        hint = "names of folders and senders, and passwords, have printable ASCII signs here"
        raise ProjectError("a name has a sign that a mail server is not told", hint=hint, place=place)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encode_folder(name: str) -> str:
    """Spell the name of a folder as servers do: UTF-7 with other signs (RFC 3501, 5.1.3)."""

    def spell(found: re.Match[str]) -> str:
        if found[0] == "&":
            return "&-"
        return "&" + b64encode(found[0].encode("utf-16-be"), b"+,").decode().rstrip("=") + "-"

    return re.sub(r"&|[^ -~]+", spell, name)


def decode_folder(name: str) -> str:
    """Read the name of a folder as servers spell it; one that cannot be read stays as it is."""

    def read(found: re.Match[str]) -> str:
        text = found[1].replace(",", "/")
        return b64decode(text + "=" * (-len(text) % 4)).decode("utf-16-be") if text else "&"

    try:
        return re.sub(r"&([^-]*)-", read, name)
    except ValueError:
        return name


def _listed(line: Any) -> tuple[bytes, bytes] | None:
    found = re.fullmatch(rb'\([^)]*\) (?:"\\?(.)"|NIL) (?:\{\d+\} )?"?(.*?)"?', _whole(line))
    return (found[1] or b"", found[2]) if found else None


def _is_folder(line: Any) -> bool:
    return _listed(line) is not None and not re.match(rb"\([^)]*\\(noselect|nonexistent)", _whole(line), re.IGNORECASE)


def _whole(line: Any) -> bytes:
    return line[0] + b" " + line[1] if isinstance(line, tuple) else line or b""


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
