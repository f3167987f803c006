"""Where files lie: one small interface over a folder, and its implementation for this machine.

Names come from manifests and listings, never from records, and never lead out of the folder: no separators, no
symbolic links.
"""

import errno
import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Protocol, runtime_checkable

from tallystick.core.error import AccessError, Error, ProjectError, Unavailable
from tallystick.project.manifest_files import FileSpec

_TEMPORARY: Final = ".{}.tally-tmp"
_DENIED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP})


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as a look at its folder showed it. ``mark`` changes whenever the file is replaced or written.

    One that ``is_settled`` can never be written again, as what came by mail, so there is nothing to wait for.
    """

    folder: str
    name: str
    size: int
    modified: float
    mark: str
    is_settled: bool = False

    def is_as(self, other: "Seen | None") -> bool:
        """Tell whether this is the same file in the same state."""
        return other is not None and (self.path, self.mark) == (other.path, other.mark)

    @property
    def path(self) -> str:
        """The file's path below the place."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


class Place(Protocol):
    """Somewhere that files lie. Errors are those of the tree; a write that fails says whether it may have happened.

    ``shares_clock`` tells that times of change are by the clock of this machine.
    """

    title: str
    shares_clock: bool

    def look(self, folder: str) -> Sequence[Seen]:
        """List the files of a folder below the place; none where there is no such folder."""

    def look_at(self, seen: Seen) -> Seen | None:
        """Look at one file again; ``None`` where it is gone."""

    def open(self, seen: Seen) -> IO[bytes]:
        """Open a file for reading from its beginning; the caller closes it. It can be sought in."""

    def replace(self, seen: Seen, content: Iterable[bytes]) -> Seen:
        """Write a file anew, in the place of the old one at once and whole."""

    def move(self, seen: Seen, folder: str, name: str) -> None:
        """Move a file into a folder below the place, which is made if needed; what is there is never overwritten."""

    def close(self) -> None:
        """Give back connections and files."""


@runtime_checkable
class Narrowing(Protocol):
    """A place that shows each file's object only a part of what lies there."""

    def narrow(self, file: FileSpec) -> Place:
        """Give the part for one file."""


@runtime_checkable
class Acknowledging(Protocol):
    """A place that can be told that a file was read."""

    def acknowledge(self, seen: Seen) -> None:
        """Note there that a file was read, where its manifest wants that."""


class LocalPlace:
    """A folder of this machine."""

    shares_clock = True

    def __init__(self, root: Path, title: str) -> None:
        self._root = root
        self.title = title

    def look(self, folder: str) -> list[Seen]:
        """List the regular files of a folder; links and hidden files are not seen."""
        here = self._root / check_name(folder) if folder else self._root
        found: list[Seen] = []
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if entry.name.startswith(".") or not entry.is_file(follow_symlinks=False):
                        continue
                    with suppress(FileNotFoundError):
                        found.append(_seen(folder, entry.name, entry.stat(follow_symlinks=False)))
        except FileNotFoundError:
            if folder:
                return []
            raise AccessError(
                "the folder is not there", hint="check 'url' and that it is mounted", place=str(here)
            ) from None
        except OSError as error:
            raise _explain(error, str(here)) from error
        return found

    def look_at(self, seen: Seen) -> Seen | None:
        """Look at one file again; ``None`` where it is gone."""
        try:
            return _seen(seen.folder, seen.name, os.lstat(self._root / seen.path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _explain(error, seen.path) from error

    def open(self, seen: Seen) -> IO[bytes]:
        """Open a file for reading."""
        try:
            handle = os.open(self._root / seen.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                os.close(handle)
                raise AccessError("this is no regular file", place=seen.path)
            return os.fdopen(handle, "rb")
        except FileNotFoundError:
            raise Unavailable("the file has gone meanwhile", hint="run again", place=seen.path) from None
        except OSError as error:
            raise _explain(error, seen.path) from error

    def replace(self, seen: Seen, content: Iterable[bytes]) -> Seen:
        """Write a temporary file beside, bring it to the disk, and put it in the place of the old one."""
        target = self._root / seen.path
        # One name, not a new one each time: what a killed run left behind is overwritten by the next.
        beside = target.with_name(_TEMPORARY.format(target.name))
        try:
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.writelines(content)
                stream.flush()
                os.fchmod(stream.fileno(), stat.S_IMODE(os.lstat(target).st_mode))
                os.fsync(stream.fileno())
                about = os.fstat(stream.fileno())
            beside.replace(target)
        except OSError as error:
            with suppress(OSError):
                beside.unlink()
            raise _explain(error, seen.path) from error
        _sync_folder(target.parent)
        return _seen(seen.folder, seen.name, about)

    def move(self, seen: Seen, folder: str, name: str) -> None:
        """Move a file into a folder, which is made if needed."""
        into = self._root / check_name(folder)
        try:
            into.mkdir(exist_ok=True, mode=0o750)
            if (into / name).exists():
                raise Unavailable("there is such a file in the archive already", place=f"{folder}/{name}")
            (self._root / seen.path).rename(into / name)
        except OSError as error:
            raise _explain(error, f"{folder}/{name}") from error
        _sync_folder(into)

    def close(self) -> None:
        """Nothing stays open."""


def check_name(name: str) -> str:
    """Give a name that is one step below a folder. Raises ``ProjectError`` for any other."""
    if not name or name in {".", ".."} or "/" in name or "\\" in name or "\x00" in name:
        raise ProjectError(
            f"'{name}' is no name of a file or folder", hint="name it below the system's 'url', without separators"
        )
    return name


def _seen(folder: str, name: str, about: os.stat_result) -> Seen:
    mark = f"{about.st_ino}:{about.st_size}:{about.st_mtime_ns}"
    return Seen(folder, name, about.st_size, about.st_mtime, mark)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not every file system lets a folder be synced
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _explain(error: OSError, place: str) -> Error:
    why = error.strerror or str(error)
    if error.errno in _DENIED:
        return AccessError("the file system does not let us", detail=why, hint="check the rights", place=place)
    return Unavailable("the file system failed", detail=why, place=place)
