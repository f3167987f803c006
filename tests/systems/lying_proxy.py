"""A proxy that stands before any HTTP system and lies: it asks otherwise than it was asked, or bends true answers.

What it has to know of a system is in a ``Dialect``: what a listing looks like, where its rows are, and where in a
request a wish is spelled. Each lie is one method of ``Lie``, and knows nothing of the system.
"""

import contextlib
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import quote, unquote

from lxml import etree
from tests.systems.soap_server import Door, Reply, opened_door

CAP = 7
"""A listing that is cut off ends after so many records."""
LOWEST_PAGE = 2


class Rows(Protocol):
    """The rows of an answer, whatever it is written in."""

    def open(self, body: bytes) -> Any:
        """Read an answer."""

    def rows(self, answer: Any) -> list[Any]:
        """Give the rows of an answer."""

    def put(self, answer: Any, rows: list[Any]) -> None:
        """Let an answer have these rows."""

    def count(self, answer: Any, change: Callable[[int], int]) -> None:
        """Change the total that an answer tells, if it tells one."""

    def get(self, row: Any, name: str) -> str:
        """Give a value of a row as text."""

    def set(self, row: Any, name: str, value: Any) -> None:
        """Change a value of a row; ``None`` takes it away."""

    def close(self, answer: Any) -> bytes:
        """Write an answer."""


@dataclass
class JsonRows:
    """Rows of JSON: an array at ``at``, each row inside ``inner`` where that is named, the total at ``total``."""

    at: tuple[str, ...]
    inner: str = ""
    total: tuple[str, ...] = ()

    def open(self, body: bytes) -> Any:
        return json.loads(body)

    def _holder(self, answer: Any, steps: tuple[str, ...]) -> Any:
        for step in steps[:-1]:
            answer = answer[step]
        return answer

    def rows(self, answer: Any) -> list[Any]:
        return self._holder(answer, self.at)[self.at[-1]]

    def put(self, answer: Any, rows: list[Any]) -> None:
        self._holder(answer, self.at)[self.at[-1]] = rows

    def count(self, answer: Any, change: Callable[[int], int]) -> None:
        holder = self._holder(answer, self.total) if self.total else {}
        if self.total and self.total[-1] in holder:
            was = holder[self.total[-1]]
            holder[self.total[-1]] = type(was)(change(int(was)))

    def _fields(self, row: Any) -> Any:
        return row[self.inner] if self.inner else row

    def get(self, row: Any, name: str) -> str:
        return str(self._fields(row)[name])

    def set(self, row: Any, name: str, value: Any) -> None:
        if value is None:
            self._fields(row).pop(name, None)
        else:
            self._fields(row)[name] = value

    def close(self, answer: Any) -> bytes:
        return json.dumps(answer).encode()


@dataclass
class XmlRows:
    """Rows of XML: the elements called ``at``, and the total in the one called ``total``."""

    at: str
    total: str = ""

    def open(self, body: bytes) -> Any:
        return etree.fromstring(body)

    def rows(self, answer: Any) -> list[Any]:
        return list(answer.iter(f"{{*}}{self.at}"))

    def put(self, answer: Any, rows: list[Any]) -> None:
        had = self.rows(answer)
        if not had:
            return
        holder, place = had[0].getparent(), had[0].getparent().index(had[0])
        for row in had:
            holder.remove(row)
        for number, row in enumerate(rows):
            # An element stands in one place only, so one that comes twice is copied.
            holder.insert(place + number, etree.fromstring(etree.tostring(row)))

    def count(self, answer: Any, change: Callable[[int], int]) -> None:
        for element in answer.iter(f"{{*}}{self.total}") if self.total else ():
            element.text = str(change(int(element.text)))

    def get(self, row: Any, name: str) -> str:
        return row.find(f"{{*}}{name}").text

    def set(self, row: Any, name: str, value: Any) -> None:
        found = row.find(f"{{*}}{name}")
        if value is None:
            row.remove(found)
        elif found is None:
            etree.SubElement(row, f"{{{etree.QName(row).namespace}}}{name}").text = str(value)
        else:
            found.text = str(value)

    def close(self, answer: Any) -> bytes:
        return etree.tostring(answer)


@dataclass(frozen=True)
class Dialect:
    """How one system is spoken to.

    ``listing`` is found in each request for a listing. ``wishes`` are patterns by what is wished for (since, filter,
    sort, size): group 1 is the value, and without the whole of what is found the wish is not made. A comma beside it
    goes with it.
    """

    listing: str
    rows: Rows
    id: str
    wishes: Mapping[str, str] = field(default_factory=dict)


class LyingProxy(Door):
    """A door that tells one ``lie`` at a time; ``told`` counts how often it did."""

    def __init__(self, behind: int, dialect: Dialect) -> None:
        super().__init__(behind)
        self.dialect = dialect
        self.lie: Lie | None = None
        self.told = 0
        self.turn = 0
        self.known: dict[tuple[str, bytes], Reply] = {}
        self.ranks: dict[str, int] = {}

    def tell(self, lie: "Lie | None") -> None:
        """Lie so from now on."""
        self.lie, self.told = lie, 0
        self.ranks.clear()

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        """Pass a request on, and lie if that is wanted."""
        said = f"{unquote(path)}\n{body.decode()}"
        is_listing = re.search(self.dialect.listing, said) is not None
        if self.lie is None:
            reply = self.known[path, body] = super().forward(method, path, headers, body)
            return reply
        self.turn += 1
        changed = self.lie.mishear(self, said) if is_listing else said
        if changed != said:
            self.told += 1
            head, _, tail = changed.partition("\n")
            path, body = quote(head, safe="/?&=$:(),'%@"), tail.encode()
        kept = self.lie.remember(self, path, body, is_listing=is_listing)
        reply = kept or super().forward(method, path, headers, body)
        if is_listing and reply.status == 200:
            return self._bend(reply)
        return reply

    def _bend(self, reply: Reply) -> Reply:
        assert self.lie is not None
        answer = self.dialect.rows.open(reply.body)
        before = self.dialect.rows.close(answer)
        self.lie.bend(self, answer)
        after = self.lie.spoil(self.dialect.rows.close(answer))
        self.told += before != after
        return replace(reply, body=after)

    def rank(self, row: Any) -> int:
        """Give the place that a row had when it was first seen."""
        return self.ranks.setdefault(self.dialect.rows.get(row, self.dialect.id), len(self.ranks))


@dataclass(frozen=True)
class Lie:
    """What a system does that it should not. ``what`` names it; the other settings say how."""

    what: str
    name: str = ""
    seconds: int = 0

    def mishear(self, proxy: LyingProxy, said: str) -> str:
        """Give the request as it is heard."""
        deaf = {"ignore_filter": "filter", "ignore_since": "since"}.get(self.what)
        if deaf:
            wish = f"(?:{proxy.dialect.wishes[deaf]})"
            return re.sub(f"{wish}[,&]|[,&]?{wish}", "", said)
        if self.what == "page_cap":
            pattern = proxy.dialect.wishes["size"]
            return re.sub(pattern, lambda found: _with(found, str(min(LOWEST_PAGE, int(found[1])))), said)
        if self.what in {"zone", "coarse_since", "exclusive_since"}:
            return re.sub(proxy.dialect.wishes["since"], self._shift, said)
        return said

    def _shift(self, found: re.Match[str]) -> str:
        asked = datetime.fromisoformat(found[1])
        if self.what == "coarse_since":
            new = asked.replace(hour=0, minute=0, second=0, microsecond=0)
        else:
            new = asked + (timedelta(seconds=self.seconds) if self.what == "zone" else timedelta(seconds=1))
        return _with(found, new.isoformat().replace("+00:00", "Z"))

    def remember(self, proxy: LyingProxy, path: str, body: bytes, *, is_listing: bool) -> Reply | None:
        """Give an answer of before, where this lie is to be late."""
        if (self.what, is_listing) in {("lag", True), ("stale_read", False)} and (path, body) in proxy.known:
            proxy.told += 1
            return proxy.known[path, body]
        return None

    def bend(self, proxy: LyingProxy, answer: Any) -> None:
        """Change what an answer holds."""
        kind, rows = proxy.dialect.rows, proxy.dialect.rows.rows(answer)
        middle = len(rows) // 2
        match self.what:
            case "drop_row":
                kind.put(answer, rows[:middle] + rows[middle + 1 :])
            case "duplicate_row":
                kind.put(answer, rows + rows[:1])
            case "unstable_sort":
                kind.put(answer, sorted(rows, key=lambda row: _scrambled(kind.get(row, proxy.dialect.id), proxy.turn)))
            case "ignore_sort":
                kind.put(answer, sorted(rows, key=lambda row: _scrambled(kind.get(row, proxy.dialect.id), 0)))
            case "wrong_total":
                kind.count(answer, lambda total: total + 5)
            case "cap" | "cap_and_count":
                kind.put(answer, [row for row in rows if proxy.rank(row) < CAP])
                if self.what == "cap_and_count":
                    kind.count(answer, lambda total: min(total, CAP))
            case "no_id" | "no_field" | "extra_field" | "wrong_types":
                values = {"no_id": None, "no_field": None, "extra_field": "new", "wrong_types": ["listed"]}
                for row in rows:
                    kind.set(row, self.name or proxy.dialect.id, values[self.what])

    def spoil(self, body: bytes) -> bytes:
        """Change how an answer is written."""
        if self.what == "html":
            return b"<!DOCTYPE html><html><body><h1>Please sign in</h1></body></html>"
        return body[: len(body) // 2] if self.what == "truncated" else body


def _scrambled(text: str, turn: int) -> int:
    """Give a number that orders texts without sense, in each turn otherwise."""
    return zlib.crc32(f"{turn}{text}".encode())


def _with(found: re.Match[str], value: str) -> str:
    """Write another value where one was found."""
    start, end = found.start(1) - found.start(), found.end(1) - found.start()
    return found[0][:start] + value + found[0][end:]


DIALECTS: dict[str, Dialect] = {
    "soap": Dialect(
        "ListCustomers>", XmlRows("customers", "total"), "id",
        {
            "since": "<n0:modifiedSince>(.*?)</n0:modifiedSince>", "filter": "<n0:email>(.*?)</n0:email>",
            "size": r"<n0:limit>(\d+)</n0:limit>",
        },
    ),
    "relay": Dialect(
        r"\{ customers\(", JsonRows(("data", "customers", "edges"), "node"), "id",
        {
            "since": r'"updatedAt":\{"gte":"(.*?)"\}', "filter": r'"(?:email|name)":\{"\w+":"(.*?)"\}',
            "size": r'"first":(\d+)',
        },
    ),
    "lists": Dialect(
        r"productList\(",
        JsonRows(("data", "productList", "items"), total=("data", "productList", "total")),
        "productId",
        {"since": '"modifiedSince":"(.*?)"', "filter": '"sku":"(.*?)"', "size": r'"limit":(\d+)'},
    ),
    "odata_2": Dialect(
        r"A_Product\?", JsonRows(("d", "results"), total=("d", "__count")), "Product",
        {
            "since": r"\$filter=\w+ ge datetime'(.*?)'", "filter": r"\$filter=\w+ eq ([^&]*)",
            "size": r"\$top=(\d+)",
        },
    ),
}  # fmt: skip
"""How the systems of ``honest_systems`` are spoken to."""


@contextlib.contextmanager
def opened_proxy(behind: int, dialect: Dialect) -> Iterator[LyingProxy]:
    """Open a proxy before a port of this machine while the block runs."""
    proxy = LyingProxy(behind, dialect)
    with opened_door(door=proxy):
        yield proxy
