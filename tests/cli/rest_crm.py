"""A REST system on loopback with a listing by key and a filter by time, and its manifest."""

import json
from urllib.parse import parse_qs, urlsplit

from tests.connectors.http.conftest import Reply, Seen, Server, make_reply

MANIFEST = """\
protocol: rest
base_url: {url}
owner: ops
limits: {limits}
objects:
  companies:
    list: {{method: GET, path: /companies}}
    get: {{method: GET, path: "/companies/{{id}}"}}
    create: {{method: POST, path: /companies}}
    update: {{method: PATCH, path: "/companies/{{id}}"}}
    paging: {{type: cursor, cursor_param: after, from_last: id, size_param: size, size: 10}}
    since: {{param: since, format: unix}}
    modified: changed
    modified_format: unix
    claims: {{list_order: keyset, strong_reads: true, returns_record: true, skew_seconds: 0}}
    fields:
      id: {{type: text, read_only: true}}
      name: {{type: text, required: true}}
      email: {{type: text, unique: true}}
      phone: {{type: text}}
      changed: {{type: integer, read_only: true}}
"""


class Crm:
    """A system with a listing by key and a filter by time."""

    def __init__(self, server: Server, count: int) -> None:
        self.records = {f"{n:04}": self._record(f"{n:04}", 1_700_000_000 + n) for n in range(count)}
        self.server = server
        self.checked: list[tuple[str, dict[str, object]]] = []
        server.script["/companies"] = self.answer
        for key in self.records:
            server.script[f"/companies/{key}"] = self.answer

    @staticmethod
    def _record(key: str, changed: int) -> dict[str, object]:
        return {"id": key, "name": f"Company {key}", "email": f"{key}@example.com", "phone": "1", "changed": changed}

    def answer(self, seen: Seen) -> Reply:
        parts = urlsplit(seen.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        key = parts.path.rpartition("/")[2]
        if seen.headers.get("x-check-only") == "true" or "check" in asked:
            return self.check(seen)
        if seen.method == "PATCH":
            self.records[key] |= json.loads(seen.body) | {"changed": 1_800_000_000}
        if key in self.records:
            return make_reply(self.records[key])
        rows = [r for k, r in sorted(self.records.items()) if k > asked.get("after", "")]
        rows = [r for r in rows if int(str(r["changed"])) >= int(asked.get("since", 0))]
        return make_reply(rows[: int(asked["size"])])

    def check(self, seen: Seen) -> Reply:
        """Say whether a write would be accepted; a name may not hold an x."""
        self.checked.append((seen.method, json.loads(seen.body)))
        refused = "x" in str(json.loads(seen.body).get("name", ""))
        return make_reply({"error": {"message": "no x in a name"}}, 422) if refused else make_reply({}, 200)

    @property
    def listings(self) -> list[str]:
        return [s.path for s in self.server.seen if s.method == "GET" and s.path.startswith("/companies?")]
