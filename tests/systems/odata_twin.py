"""An OData 4.01 service written to the specification: quoted keys and literals, pages of its own, entity tags."""

import contextlib
import itertools
import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

LONGEST = 40
METADATA = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="Store" Alias="S" xmlns="http://docs.oasis-open.org/odata/ns/edm">
 <EnumType Name="State"><Member Name="Open"/><Member Name="Closed"/></EnumType>
 <ComplexType Name="Place">
  <Property Name="Street" Type="Edm.String"/><Property Name="City" Type="Edm.String"/></ComplexType>
 <EntityType Name="Entity" Abstract="true"><Key><PropertyRef Name="Code"/></Key>
  <Property Name="Code" Type="Edm.String" Nullable="false" MaxLength="40"/>
  <Property Name="ModifiedAt" Type="Edm.DateTimeOffset">
   <Annotation Term="Org.OData.Core.V1.Computed" Bool="true"/></Property>
 </EntityType>
 <EntityType Name="Item" BaseType="S.Entity">
  <Property Name="Title" Type="Edm.String" Nullable="false" MaxLength="40"/>
  <Property Name="Stock" Type="Edm.Int64"/><Property Name="Price" Type="Edm.Decimal" Scale="variable"/>
  <Property Name="Remark" Type="Edm.String"/><Property Name="At" Type="S.Place"/>
  <Property Name="State" Type="S.State"/><Property Name="Tags" Type="Collection(Edm.String)"/>
  <Property Name="Photo" Type="Edm.Stream"/><Property Name="MakerId" Type="Edm.Int32"/>
  <NavigationProperty Name="Maker" Type="S.Maker">
   <ReferentialConstraint Property="MakerId" ReferencedProperty="Id"/></NavigationProperty>
 </EntityType>
 <EntityType Name="Maker"><Key><PropertyRef Name="Id"/></Key>
  <Property Name="Id" Type="Edm.Int32" Nullable="false"/><Property Name="Name" Type="Edm.String"/></EntityType>
 <EntityType Name="Line"><Key><PropertyRef Name="Order"/><PropertyRef Name="Number"/></Key>
  <Property Name="Order" Type="Edm.Int32" Nullable="false"/><Property Name="Number" Type="Edm.Int32" Nullable="false"/>
 </EntityType>
 <EntityContainer Name="Container">
  <EntitySet Name="Items" EntityType="S.Item"/><EntitySet Name="Makers" EntityType="S.Maker"/>
  <EntitySet Name="Lines" EntityType="S.Line"/></EntityContainer>
 <Annotations Target="S.Container/Items">
  <Annotation Term="Org.OData.Core.V1.OptimisticConcurrency"><Collection/></Annotation></Annotations>
 <Annotations Target="S.Container/Makers">
  <Annotation Term="Org.OData.Capabilities.V1.InsertRestrictions"><Record>
   <PropertyValue Property="Insertable" Bool="false"/></Record></Annotation>
  <Annotation Term="Org.OData.Capabilities.V1.FilterRestrictions"><Record>
   <PropertyValue Property="NonFilterableProperties"><Collection><PropertyPath>Name</PropertyPath></Collection>
   </PropertyValue></Record></Annotation></Annotations>
</Schema></edmx:DataServices></edmx:Edmx>"""
FIELDS = ("Code", "Title", "Stock", "Price", "Remark", "At", "State", "Tags", "MakerId")
_FILTER = re.compile(r"(\w+) (eq|ge|gt) (?:'((?:[^']|'')*)'|(\S+))")


class Shelf:
    """The records of the service, and what it was asked."""

    def __init__(self) -> None:
        self.rows: dict[str, dict] = {}
        self.tags = itertools.count(1)
        self.asked: list[str] = []

    def write(self, row: dict) -> dict:
        row["ModifiedAt"] = datetime.now(UTC).isoformat()  # noqa: TID251 - a server has a clock
        row["@odata.etag"] = f'W/"{next(self.tags)}"'
        self.rows[row["Code"]] = row
        return row


class _Service(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    shelf: Shelf

    def _say(self, status: int, content: object = None, **headers: str) -> None:
        body = b"" if content is None else content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status: int, message: str, target: str = "") -> None:
        self._say(status, {"error": {"code": str(status), "message": message, "target": target}})

    def _row(self) -> dict | None:
        """Find the record that the address names; answer for it where there is none."""
        found = re.search(r"/Items\('((?:[^']|'')*)'\)$", unquote(urlsplit(self.path).path))
        row = self.shelf.rows.get(found[1].replace("''", "'")) if found else None
        if row is None:
            self._refuse(404, "there is no such item")
        return row

    def _may(self, row: dict) -> bool:
        tag = self.headers.get("If-Match")
        if tag in {"*", row["@odata.etag"]}:
            return True
        self._refuse(428 if tag is None else 412, "somebody was faster")
        return False

    def _body(self, own: str = "") -> dict | None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        unknown = next((name for name in given if name not in FIELDS), "")
        if unknown:
            self._refuse(400, f"'{unknown}' is no property of Item", unknown)
        elif len(given.get("Title") or "") > LONGEST:
            self._refuse(400, f"at most {LONGEST} characters", "Title")
        elif not own and given.get("Code") in self.shelf.rows:
            self._refuse(409, "an item with this key already exists", "Code")
        else:
            return given
        return None

    def do_GET(self) -> None:
        self.shelf.asked.append(self.path)
        path = urlsplit(self.path).path
        if path.endswith("/$metadata"):
            self._say(200, METADATA.encode(), **{"Content-Type": "application/xml"})
        elif path.endswith("/Items"):
            self._list({name: each[0] for name, each in parse_qs(urlsplit(self.path).query).items()})
        elif (row := self._row()) is not None:
            self._say(200, row, ETag=row["@odata.etag"])

    def _list(self, query: dict[str, str]) -> None:
        rows = sorted(self.shelf.rows.values(), key=lambda row: row["Code"])
        if wanted := query.get("$filter"):
            rows = [row for row in rows if _fits(row, wanted)]
        rows = [row for row in rows if row["Code"] > query.get("$skiptoken", "")]
        prefer = re.search(r"odata\.maxpagesize=(\d+)", self.headers.get("Prefer") or "")
        size = min(3, int(prefer[1]) if prefer else 3)
        answer = {"@odata.context": "$metadata#Items", "value": rows[:size]}
        if len(rows) > size:
            rest = {**query, "$skiptoken": rows[size - 1]["Code"]}
            answer["@odata.nextLink"] = "Items?" + "&".join(
                f"{name}={''.join(f'%{byte:02X}' for byte in value.encode())}" for name, value in rest.items()
            )
        self._say(200, answer)

    def do_POST(self) -> None:
        given = self._body()
        if given is not None:
            made = self.shelf.write({**dict.fromkeys(FIELDS), "At": {}, "Tags": [], **given})
            self._say(201, made, ETag=made["@odata.etag"])

    def do_PATCH(self) -> None:
        row = self._row()
        given = self._body(row["Code"]) if row is not None else None
        if row is not None and given is not None and self._may(row):
            inner = {"At": {**row["At"], **given["At"]}} if given.get("At") else {}
            self._say(200, self.shelf.write({**row, **given, **inner}))

    def do_DELETE(self) -> None:
        row = self._row()
        if row is not None and self._may(row):
            del self.shelf.rows[row["Code"]]
            self._say(204)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _fits(row: dict, wanted: str) -> bool:
    found = _FILTER.fullmatch(wanted)
    assert found is not None, wanted
    name, compare, text, plain = found.groups()
    value = text.replace("''", "'") if text is not None else json.loads(plain) if plain[0] in "-0123456789tfn" and (
        "T" not in plain) else plain  # fmt: skip
    if compare == "eq":
        return row[name] == value
    return datetime.fromisoformat(row[name]) >= datetime.fromisoformat(value)


@contextlib.contextmanager
def served_odata() -> Iterator[tuple[str, Shelf]]:
    """Run the service while the block runs; gives its root and its shelf."""
    shelf = Shelf()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Service", (_Service,), {"shelf": shelf}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/odata", shelf
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
