"""Buckets of S3 and of what speaks like it. A put replaces an object at once: nothing is ever half there."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import IO, Any, Final
from urllib.parse import parse_qs, quote, urlsplit
from xml.etree.ElementTree import ParseError, fromstring

import pycurl

from tallystick.connectors.files_curl import Address, Courier, Credentials, NotFoundError
from tallystick.connectors.files_place import Seen, check_name
from tallystick.core.error import Garbled, ProjectError, Stale, Unavailable
from tallystick.project.manifest import Network

_LONGEST: Final = 1000  # pages of a listing
_EMPTY: Final = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # the SHA-256 of no bytes
_BUCKET: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]+")


class Bucket:
    """The objects of one bucket below a prefix; what follows the next slash counts as a folder."""

    shares_clock = False

    def __init__(self, root: str, prefix: str, courier: Courier, region: str) -> None:
        self._root = root
        self._prefix = prefix
        self._courier = courier
        self._signs = {pycurl.AWS_SIGV4: f"aws:amz:{region}:s3"}
        self.title = courier.title

    def look(self, folder: str) -> list[Seen]:
        """List the objects below the prefix, those in folders left out."""
        prefix = f"{self._prefix}{check_name(folder)}/" if folder else self._prefix
        found: list[Seen] = []
        token = ""
        for _ in range(_LONGEST):
            # The signature wants the parameters in the order of their names.
            follows = f"continuation-token={quote(token, safe='')}&" if token else ""
            query = f"{follows}delimiter=%2F&list-type=2&prefix={quote(prefix, safe='')}"
            answer = self._listing(f"{self._root}?{query}")
            for entry in answer.iter("Contents"):
                name = (entry.findtext("Key") or "").removeprefix(prefix)
                if name and "/" not in name and not name.startswith("."):
                    found.append(_seen(folder, name, entry))
            token = answer.findtext("NextContinuationToken") or ""
            if not token:
                return found
        raise Garbled("the listing of the bucket does not end", place=self.title)

    def look_at(self, seen: Seen) -> Seen | None:
        """Look at one object again; ``None`` where it is gone."""
        try:
            told = self._courier.perform(self._url(seen), options=self._signs)
        except NotFoundError:
            return None
        return Seen(seen.folder, seen.name, int(told.size), float(told.modified), _tag(told.headers.get("etag", "")))

    def open(self, seen: Seen) -> IO[bytes]:
        """Fetch an object into a private temporary file."""
        try:
            return self._courier.fetch(self._url(seen), options=self._signs)
        except NotFoundError:
            raise Unavailable("the file has gone meanwhile", hint="run again", place=seen.path) from None

    def replace(self, seen: Seen, content: Iterable[bytes]) -> Seen:
        """Put an object in the place of the old one, on condition that it is still that one where the server can."""
        with self._courier.spool(content) as source:
            size = source.seek(0, 2)
            source.seek(0)
            options = {**self._signs, pycurl.INFILESIZE_LARGE: size}
            headers = ("x-amz-content-sha256: UNSIGNED-PAYLOAD", f'If-Match: "{seen.mark}"')
            try:
                self._courier.perform(
                    self._url(seen), source=iter(lambda: source.read(1 << 16), b""), options=options, headers=headers,
                    writes=True,
                )  # fmt: skip
            except Garbled as error:
                if error.status in {409, 412}:
                    raise Stale("the file changed meanwhile", hint="run again", place=seen.path) from None
                raise
        found = self.look_at(seen)
        if found is None:
            raise Unavailable("the file that was written is not there", place=seen.path, applied="unknown")
        return found

    def move(self, seen: Seen, folder: str, name: str) -> None:
        """Copy an object into a folder, then delete the old one."""
        target = f"{self._root}/{quote(self._prefix + check_name(folder) + '/' + name)}"
        origin = f"/{self._root.rpartition('/')[2]}/{quote(self._prefix + seen.path)}"
        headers = (f"x-amz-copy-source: {origin}", f"x-amz-content-sha256: {_EMPTY}")
        options = {**self._signs, pycurl.INFILESIZE_LARGE: 0}
        self._courier.perform(target, source=(), options=options, headers=headers, writes=True)
        self._courier.perform(self._url(seen), options={**self._signs, pycurl.CUSTOMREQUEST: "DELETE"}, writes=True)

    def close(self) -> None:
        """Close the connection."""
        self._courier.close()

    def _url(self, seen: Seen) -> str:
        return f"{self._root}/{quote(self._prefix + seen.path)}"

    def _listing(self, url: str) -> Any:
        text = re.sub(r'\sxmlns="[^"]*"', "", self._courier.text(url, options=self._signs), count=1)
        try:
            return fromstring(text)  # noqa: S314 - expat limits what entities expand to
        except ParseError as error:
            raise Garbled("this is no listing of a bucket", detail=str(error), place=self.title) from None


def open_bucket(url: str, who: Credentials, network: Network, name: str) -> Bucket:
    """Open ``s3://bucket/prefix?region=...&endpoint=https://...``; who we are is the access key and its secret.

    Raises ``ProjectError`` for an address that cannot be used.
    """
    parts = urlsplit(url)
    settings = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    region = settings.get("region", "us-east-1")
    if not _BUCKET.fullmatch(parts.netloc):
        raise ProjectError("the address names no bucket", hint="s3://bucket/folder?region=eu-central-1", place=name)
    endpoint = settings.get("endpoint", f"https://s3.{region}.amazonaws.com").rstrip("/")
    scheme = endpoint.partition("://")[0]
    if scheme not in {"http", "https"}:
        raise ProjectError("'endpoint' is no web address", hint="endpoint=https://minio.example.com", place=name)
    root = f"{endpoint}/{parts.netloc}"
    prefix = parts.path.strip("/")
    address = Address(scheme, f"{root}/", urlsplit(endpoint).hostname or "", "", {})
    return Bucket(root, f"{prefix}/" if prefix else "", Courier(address, who, network, name), region)


def _seen(folder: str, name: str, entry: Any) -> Seen:
    moment = 0.0
    with suppress(ValueError):
        moment = datetime.fromisoformat(entry.findtext("LastModified") or "").timestamp()
    return Seen(folder, name, int(entry.findtext("Size") or -1), moment, _tag(entry.findtext("ETag") or ""))


def _tag(etag: str) -> str:
    return etag.removeprefix("W/").strip('"')
