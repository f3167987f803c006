"""What a manifest says, done with the simplest means: the meaning that any REST connector must agree with.

It knows nothing of paging guards, retries or the error tree. A manifest whose calls work here is right about its
system; a connector that cannot do the same with it is wrong about the manifest.
"""

import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from tests.systems.asking import Answer, ask, basic

from tallystick.core.path import parse, read
from tallystick.core.record import UNKNOWN
from tallystick.project.manifest import Manifest, ObjectSpec, Operation
from tallystick.project.manifest_auth import BearerAuth
from tallystick.project.manifest_paging import OffsetPaging, PagePaging
from tallystick.project.spelling import spell

_PATTERN = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond")


class Yaml12(yaml.SafeLoader):
    """YAML where only true and false are booleans, so that a key may be called ``on``."""


Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))


def read_yaml(path: Path) -> Any:
    """Read one project file."""
    return yaml.load(path.read_text(), Yaml12)


def load_manifest(path: Path, secrets: Mapping[str, str], **changes: Any) -> Manifest:
    """Read a manifest with its references resolved and top-level entries changed."""
    text = re.sub(r"\$\{env:(\w+)\}", lambda found: secrets[found[1]], path.read_text())
    return Manifest.model_validate(yaml.load(text, Yaml12) | changes)


def instant(value: Any, spelling: str) -> datetime:
    """Read a time stamp of a system whose time zone is UTC; Roundup rounds the seconds, up to 60."""
    if spelling == "parts":
        return datetime(*(value[part] for part in _PARTS), tzinfo=UTC)
    full = value.endswith(":60")
    moment = datetime.strptime(value[:-2] + "59" if full else value, _strftime(spelling)).replace(tzinfo=UTC)
    return moment + timedelta(seconds=full)


def spelled_instant(moment: datetime, spelling: str) -> str:
    """Write a time stamp for a system whose time zone is UTC."""
    return moment.strftime(_strftime(spelling))


def _strftime(pattern: str) -> str:
    return re.sub("|".join(_PATTERN), lambda found: _PATTERN[found[0]], pattern)


@dataclass(frozen=True)
class Found:
    """One record and its version, where an answer carried one."""

    record: dict[str, Any]
    version: str | None


class Driver:
    """Does to one object of a system what its manifest declares."""

    def __init__(self, manifest: Manifest, object_name: str) -> None:
        self.manifest = manifest
        self.spec: ObjectSpec = manifest.objects[object_name]

    def id_of(self, record: dict[str, Any]) -> str:
        """Give a record's id."""
        return str(read(record, parse(self.spec.id)))

    def pages(self, size: int, replaced: Mapping[str, str] | None = None) -> Iterator[list[dict[str, Any]]]:
        """List page by page; ``replaced`` takes the place of what the listing asks for by the same names."""
        assert self.spec.list is not None
        at = 0
        while True:
            answer = self.call(self.spec.list, replaced={**self._sorted(), **(replaced or {}), **self._page(at, size)})
            rows = read(answer.data, parse(self.spec.list.record))
            assert isinstance(rows, list), answer
            if rows:
                yield rows
            if len(rows) < size:
                return
            at += 1

    def rows(self, size: int = 100, replaced: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """List all records."""
        return [row for page in self.pages(size, replaced) for row in page]

    def since(self, moment: datetime) -> list[dict[str, Any]]:
        """List what changed since."""
        since = self.spec.since
        assert since is not None
        return self.rows(replaced={since.param: spell(since.template, spelled_instant(moment, since.format))})

    def find(self, field: str, value: Any) -> list[dict[str, Any]]:
        """List the records with this value."""
        wanted = self.spec.filters[field]
        return self.rows(replaced={wanted.param: spell(wanted.template, value)})

    def get(self, record_id: str, operation: Operation | None = None) -> Found | None:
        """Read one record, or ``None`` where nothing is found."""
        operation = operation or self.spec.get
        assert operation is not None
        answer = self.call(operation, record_id)
        record = read(answer.data, parse(operation.record)) if answer.status == 200 else UNKNOWN
        if record is UNKNOWN:
            return None
        return Found(record, self._version(answer, record))

    def create(self, body: dict[str, Any]) -> Answer:
        """Create a record."""
        assert self.spec.create is not None
        return self.call(self.spec.create, body=body)

    def created_id(self, answer: Answer) -> str:
        """Give the id that a create answered with."""
        assert answer.status < 300, answer
        assert self.spec.create is not None
        return self.id_of(read(answer.data, parse(self.spec.create.record)))

    def update(self, record_id: str, patch: dict[str, Any], version: str | None = None) -> Answer:
        """Change a record, on condition of the version that is read directly before unless one is given."""
        assert self.spec.update is not None
        body = {name: "" if value is None and self.spec.clear == "empty" else value for name, value in patch.items()}
        return self.call(self.spec.update, record_id, body=body, headers=self._condition(record_id, version))

    def delete(self, record_id: str) -> Answer:
        """Delete a record."""
        assert self.spec.delete is not None
        return self.call(self.spec.delete, record_id, headers=self._condition(record_id, None))

    def call(
        self,
        operation: Operation,
        record_id: str = "",
        *,
        replaced: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one call of the manifest; waits while the system asks for patience."""
        query = []
        for name, value in operation.query.items():
            if name not in (replaced or {}):
                values = value if isinstance(value, tuple) else (spell(value),)
                query += [(name, text.replace("{id}", record_id)) for text in values]
        query += (replaced or {}).items()
        sent = {**self._headers(), **{k: spell(v) for k, v in operation.headers.items()}, **(headers or {})}
        url = self.manifest.base_url + operation.path.replace("{id}", record_id)
        while (answer := ask(operation.method, url, headers=sent, query=query, body=body)).status == 429:
            time.sleep(0.1)
        return answer

    def _headers(self) -> dict[str, str]:
        fixed = {name: spell(value) for name, value in self.manifest.network.headers.items()}
        auth = self.manifest.auth
        if isinstance(auth, BearerAuth):
            return fixed | {"Authorization": f"{auth.scheme} {auth.token}"}
        assert auth.type == "basic"
        return fixed | basic(auth.username, auth.password)

    def _condition(self, record_id: str, version: str | None) -> dict[str, str]:
        if not self.spec.if_match:
            return {}
        if version is None:
            found = self.get(record_id, self.spec.condition)
            version = found.version if found else None
        return {self.spec.if_match: version or '"none"'}

    def _version(self, answer: Answer, record: dict[str, Any]) -> str | None:
        place = self.spec.version
        if place.startswith("header:"):
            return answer.headers.get(place.removeprefix("header:").lower())
        return str(read(record, parse(place))) if place else None

    def _sorted(self) -> dict[str, str]:
        return {self.spec.sort.param: spell(self.spec.sort.value)} if self.spec.sort else {}

    def _page(self, at: int, size: int) -> dict[str, str]:
        paging = self.spec.paging
        if isinstance(paging, OffsetPaging):
            return {paging.offset_param: str(at * size), paging.limit_param: str(size)}
        assert isinstance(paging, PagePaging)
        return {paging.page_param: str(at + paging.first), paging.size_param: str(size)}
