"""A file that keeps one token for its owner alone, and never half of one."""

import os
from pathlib import Path

from tallystick.core.error import ProjectError


class TokenFile:
    """The file that ``auth.keep_in`` names; ``place`` says in errors which system it belongs to."""

    def __init__(self, path: str, place: str) -> None:
        self._file = Path(path).expanduser()
        self._place = place

    def read(self) -> bytes:
        """Give what is kept, without space around it; nothing where there is no file.

        Raises:
            ProjectError: it cannot be read.
        """
        try:
            return self._file.read_bytes().strip()
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise ProjectError(
                f"auth.keep_in cannot be read: {error.strerror}", hint="check its rights", place=self._place
            ) from error

    def write(self, token: str) -> None:
        """Keep a token instead of the one before; it is on the disk when this returns.

        Raises:
            ProjectError: it cannot be written.
        """
        file = self._file
        beside = file.with_name(file.name + ".new")
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # What a crash left there, or somebody laid there, may be open to others: the file is always made anew.
            beside.unlink(missing_ok=True)
            own = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(own, "w", encoding="utf-8") as stream:
                stream.write(token)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(file)
        except OSError as error:
            raise ProjectError(
                f"auth.keep_in cannot be written: {error.strerror}",
                hint="check its rights: without it the new refresh token is lost, and the old one may be worth nothing",
                place=self._place,
            ) from error
