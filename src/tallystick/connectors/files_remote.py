"""Folders on other machines: FTP, FTPS and SFTP, and single files by HTTP."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO, Final
from urllib.parse import unquote

import pycurl

from tallystick.connectors.files_curl import Address, Courier, NotFoundError, Reply
from tallystick.connectors.files_place import Seen, check_name
from tallystick.core.error import Garbled, ProjectError, Unavailable

_BLOCK: Final = 1 << 20
_TEMPORARY: Final = ".{}.tally-tmp"
_READY_START: Final = "."
_READY_END: Final = ".tally-new"
_READY: Final = f"{_READY_START}{{}}{_READY_END}"
_LONG_LINE: Final = re.compile(r"^-\S+\s+\S+\s+\S+\s+\S+\s+\d+\s+\S+\s+\S+\s+\S+\s(?P<name>.+)$")
_FACT: Final = re.compile(r"([\w.]+)=([^;]*);", re.IGNORECASE)


class RemoteFolder:
    """A folder that is reached by FTP, FTPS or SFTP."""

    shares_clock = False

    def __init__(self, address: Address, courier: Courier) -> None:
        self._address = address
        self._courier = courier
        self._is_ssh = address.scheme == "sftp"
        self.title = courier.title

    def look(self, folder: str) -> list[Seen]:
        """List the regular files of a folder; hidden files are not seen."""
        url = self._address.of(check_name(folder)) + "/" if folder else self._address.root
        try:
            if self._is_ssh:
                return self._look_by_ssh(url, folder)
            return self._look_by_ftp(url, folder)
        except NotFoundError:
            return self._nothing(folder)

    def look_at(self, seen: Seen) -> Seen | None:
        """Look at one file again; ``None`` where it is gone."""
        try:
            told = self._courier.perform(self._address.of(seen.folder, seen.name))
            if self._is_ssh and told.size < 0:
                # The library tells no size of an empty file, nor where its question for the size failed.
                with self._courier.fetch(self._address.of(seen.folder, seen.name)) as stream:
                    told = replace(told, size=stream.seek(0, 2))
        except NotFoundError:
            return None
        return _told(seen.folder, seen.name, told) if told.size >= 0 else None

    def open(self, seen: Seen) -> IO[bytes]:
        """Fetch a file into a private temporary one."""
        try:
            stream = self._courier.fetch(self._address.of(seen.folder, seen.name))
        except NotFoundError:
            raise Unavailable("the file has gone meanwhile", hint="run again", place=seen.path) from None
        size = stream.seek(0, 2)
        stream.seek(0)
        if size != seen.size:
            stream.close()
            raise Unavailable("the file changed while it was fetched", hint="run again", place=seen.path)
        return stream

    def replace(self, seen: Seen, content: Iterable[bytes]) -> Seen:
        """Write a temporary file beside, and rename it to the place of the old one."""
        beside = _TEMPORARY.format(seen.name)
        self._courier.perform(self._address.of(seen.folder, beside), source=content)
        if self._is_ssh:
            self._put_in_place(seen, beside)
        else:
            self._order(*self._rename(seen.folder, beside, seen.folder, seen.name))
        found = self.look_at(seen)
        if found is None:
            raise Unavailable("the file that was written is not there", place=seen.path, applied="unknown")
        return found

    def _put_in_place(self, seen: Seen, beside: str) -> None:
        """Most servers rename by SFTP only to a name that is free; a whole file waits under a name of its own for that.

        Where the way is cut off between the two orders, ``look`` ends it.
        """
        ready = _READY.format(seen.name)
        old, new = self._path(seen.folder, seen.name), self._path(seen.folder, ready)
        renamed = self._rename(seen.folder, ready, seen.folder, seen.name)
        self._order(f'*rm "{new}"', *self._rename(seen.folder, beside, seen.folder, ready), f"*{renamed[0]}")
        if self.look_at(Seen(seen.folder, ready, 0, 0.0, "")) is not None:
            self._order(f'rm "{old}"', *renamed)

    def _order(self, *orders: str) -> None:
        self._courier.perform(self._address.root, options={pycurl.QUOTE: list(orders)}, writes=True)

    def move(self, seen: Seen, folder: str, name: str) -> None:
        """Move a file into a folder, which is made if needed."""
        path = self._path(check_name(folder), "")
        make = f'mkdir "{path}"' if self._is_ssh else f"MKD {path}"
        self._order(f"*{make}", *self._rename(seen.folder, seen.name, folder, name))

    def close(self) -> None:
        """Close the connection."""
        self._courier.close()

    def _look_by_ssh(self, url: str, folder: str) -> list[Seen]:
        # The listing tells times only roughly, so each file is asked for its own.
        lines = map(_LONG_LINE.match, self._courier.text(url).splitlines())
        names = [match["name"] for match in lines if match]
        for name in names:
            target = name.removeprefix(_READY_START).removesuffix(_READY_END)
            if name == _READY.format(target) and target not in names:
                self._order(*self._rename(folder, name, folder, target))
                names.append(target)
        looks = [self.look_at(Seen(folder, name, 0, 0.0, "")) for name in names if _is_plain(name)]
        return [seen for seen in looks if seen is not None]

    def _look_by_ftp(self, url: str, folder: str) -> list[Seen]:
        try:
            listed = self._courier.text(url, options={pycurl.CUSTOMREQUEST: "MLSD"})
        except (Unavailable, NotFoundError):  # old servers know no MLSD
            names = self._courier.text(url, options={pycurl.DIRLISTONLY: 1}).splitlines()
            looks = [self.look_at(Seen(folder, name, 0, 0.0, "")) for name in names if _is_plain(name)]
            return [seen for seen in looks if seen is not None and seen.size >= 0]
        found = []
        for line in listed.splitlines():
            facts, _, name = line.partition(" ")
            known = {key.lower(): value for key, value in _FACT.findall(facts)}
            if known.get("type", "file").lower() == "file" and _is_plain(name):
                size, stamp = int(known.get("size", "-1")), known.get("modify", "")
                found.append(Seen(folder, name, size, _moment(stamp), f"{size}:{_moment(stamp):.0f}"))
        return found

    def _nothing(self, folder: str) -> list[Seen]:
        if folder:
            return []
        raise ProjectError("the folder is not there", hint="check the path in 'url'", place=self.title)

    def _path(self, *parts: str) -> str:
        root = "/" + unquote(self._address.root.partition("://")[2].partition("/")[2])
        path = root + "/".join(part for part in parts if part)
        if any(sign in path for sign in '"\r\n\x00'):
            raise ProjectError("a name with quotes or line ends cannot be moved", place=self.title)
        return path

    def _rename(self, folder: str, name: str, new_folder: str, new_name: str) -> list[str]:
        old, new = self._path(folder, name), self._path(new_folder, new_name)
        return [f'rename "{old}" "{new}"'] if self._is_ssh else [f"RNFR {old}", f"RNTO {new}"]


class WebFiles:
    """Single files by HTTP: nothing can be listed, so only files of a fixed name are there."""

    shares_clock = False

    def __init__(self, address: Address, courier: Courier, names: Sequence[str]) -> None:
        self._address = address
        self._courier = courier
        self._names = names
        self.title = courier.title

    def look(self, folder: str) -> list[Seen]:
        """Ask for each file of a fixed name."""
        found = [self.look_at(Seen("", name, 0, 0.0, "")) for name in dict.fromkeys(self._names) if not folder]
        return [seen for seen in found if seen is not None]

    def look_at(self, seen: Seen) -> Seen | None:
        """Ask for the head of a file; where that says nothing of its state, the file itself is the answer."""
        try:
            told = self._courier.perform(self._url(seen.name))
        except NotFoundError:
            return None
        except Garbled as error:
            if error.status not in {405, 501}:
                raise
            told = Reply(200, -1, -1, {})
        state = told.headers.get("etag") or told.headers.get("last-modified")
        size = int(told.size)
        if state and size >= 0:
            return Seen("", seen.name, size, _web_moment(told), f"{state}:{size}")
        with self.open(seen) as stream:
            digest = hashlib.sha256()
            while block := stream.read(_BLOCK):
                digest.update(block)
            return Seen("", seen.name, stream.tell(), _web_moment(told), digest.hexdigest())

    def open(self, seen: Seen) -> IO[bytes]:
        """Fetch a file into a private temporary one."""
        try:
            return self._courier.fetch(self._url(seen.name), options={pycurl.ACCEPT_ENCODING: ""})
        except NotFoundError:
            raise Unavailable("the file has gone meanwhile", hint="run again", place=seen.path) from None

    def replace(self, seen: Seen, content: Iterable[bytes]) -> Seen:  # noqa: ARG002 - the place's signature
        """Refuse: what is downloaded is only read."""
        raise ProjectError("files behind HTTP are only read", hint="write: never", place=seen.path)

    def move(self, seen: Seen, folder: str, name: str) -> None:  # noqa: ARG002 - the place's signature
        """Refuse: what is downloaded is only read."""
        raise ProjectError("files behind HTTP are not moved", hint=f"remove 'archive: {folder}'", place=seen.path)

    def close(self) -> None:
        """Close the connection."""
        self._courier.close()

    def _url(self, name: str) -> str:
        return self._address.of(name)


def _is_plain(name: str) -> bool:
    return bool(name) and not name.startswith(".") and "/" not in name


def _told(folder: str, name: str, told: Reply) -> Seen:
    size = int(told.size)
    return Seen(folder, name, size, float(told.modified), f"{size}:{told.modified:.0f}")


def _moment(stamp: str) -> float:
    with suppress(ValueError):
        return datetime.strptime(stamp[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()
    return -1.0


def _web_moment(told: Reply) -> float:
    with suppress(ValueError, TypeError, LookupError):
        return parsedate_to_datetime(told.headers["last-modified"]).timestamp()
    return 0.0
