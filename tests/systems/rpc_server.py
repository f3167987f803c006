"""A system that is called: Python's own XML-RPC server, and the same methods by JSON-RPC, each on loopback."""

import base64
import itertools
import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xmlrpc.client import DateTime, Fault
from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer

FIELDS = {"name", "note", "count", "price", "code"}


class Ledger:
    """Accounts that are kept by methods. Calls need the token of ``session.login``, which lasts ``uses`` calls."""

    def __init__(self, *, typed):
        self.rows = {}
        self.calls = []
        self.uses = 10**9
        self._typed = typed
        self._ids = itertools.count(1)
        self._tokens = {}
        self._clock = itertools.count()

    def methods(self):
        return {
            "session.login": self.login, "accounts.search": self.search, "accounts.read": self.read,
            "accounts.add": self.add, "accounts.change": self.change, "accounts.drop": self.drop,
        }  # fmt: skip

    def login(self, user, password):
        self.calls.append("login")
        if (user, password) != ("tally", "s3cret-pw"):
            return False
        token = base64.b64encode(f"t{len(self._tokens)}".encode()).decode()
        self._tokens[token] = self.uses
        return {"token": token, "user": 7}

    def search(self, token, where, start, size):
        self._enter("search", token)
        found = sorted(self.rows)
        for name, operator, value in where:
            if operator == "=":
                found = [i for i in found if self.rows[i].get(name) == value]
            else:
                found = [i for i in found if self.rows[i]["changed"] >= value]
        return [self._shown(i) for i in found[start : start + min(size, 3)]]

    def read(self, token, ids):
        self._enter("read", token)
        return [self._shown(i) for i in ids if i in self.rows]

    def add(self, token, values):
        self._enter("add", token)
        self._judge(values)
        if values.get("code") and any(row["code"] == values["code"] for row in self.rows.values()):
            raise Fault(1, "code: this code exists already")
        own = next(self._ids)
        self.rows[own] = dict.fromkeys(sorted(FIELDS)) | values
        self._touch(own)
        return own

    def change(self, token, own, values):
        self._enter("change", token)
        if own not in self.rows:
            raise Fault(2, f"account {own} not found")
        self._judge(values)
        self.rows[own] |= values
        self._touch(own)
        return True

    def drop(self, token, own):
        self._enter("drop", token)
        if own not in self.rows:
            raise Fault(2, f"account {own} not found")
        del self.rows[own]
        return True

    def _enter(self, name, token):
        self.calls.append(name)
        left = self._tokens.get(token, 0)
        if left < 1:
            raise Fault(99, "Session expired")
        self._tokens[token] = left - 1

    def _judge(self, values):
        for name in values.keys() - FIELDS:
            raise Fault(3, f"refused: no field {name}")

    def _touch(self, own):
        moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=next(self._clock))
        self.rows[own]["changed"] = moment.strftime("%Y-%m-%dT%H:%M:%S")

    def _shown(self, own):
        row = self.rows[own]
        when = DateTime(datetime.fromisoformat(row["changed"])) if self._typed else row["changed"]
        return {"id": own, **row, "changed": when}


class _QuickHandler(SimpleXMLRPCRequestHandler):
    disable_nagle_algorithm = True
    wbufsize = -1


class XmlLedger(SimpleXMLRPCServer):
    """The ledger by XML-RPC."""

    allow_reuse_address = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _QuickHandler, logRequests=False, allow_none=True)
        self.ledger = Ledger(typed=True)
        for name, method in self.ledger.methods().items():
            self.register_function(method, name)


class _JsonHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"id": asked["id"]}
        if asked.get("jsonrpc") == "2.0":
            answer["jsonrpc"] = "2.0"
        try:
            method = self.server.methods.get(asked["method"])
            if method is None:
                answer["error"] = {"code": -32601, "message": "Method not found"}
            else:
                with self.server.lock:
                    answer["result"] = method(*asked["params"])
        except Fault as fault:
            answer["error"] = {"code": fault.faultCode, "message": fault.faultString}
        except Exception as failure:  # noqa: BLE001 - whatever goes wrong inside is answered so
            answer["error"] = {"code": -32603, "message": f"Internal error: {failure}"}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *said):
        pass


class JsonLedger(ThreadingHTTPServer):
    """The ledger by JSON-RPC."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _JsonHandler)
        self.ledger = Ledger(typed=False)
        self.methods = self.ledger.methods()
        self.lock = threading.Lock()


class Running:
    """A server under way; ``url`` is where it is called."""

    def __init__(self, server):
        self.ledger = server.ledger
        self.url = f"http://127.0.0.1:{server.server_address[1]}/"
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


def manifest_of(url, version):
    """Describe the ledger."""
    return {
        "protocol": "rpc",
        "base_url": url,
        "rpc": {
            "version": version,
            "login": {
                "call": "session.login", "params": ["tally", "${env:LEDGER_PASSWORD}"], "keep": {"token": "token"},
            },
            "faults": {"refused": ["refused:"], "absent": ["not found"]},
        },
        "objects": {
            "accounts": {
                "id_type": "integer",
                "list": {
                    "method": "POST", "path": "accounts.search", "params": ["{token}", "{where}", "{start}", "{size}"],
                    "body": {"where": [], "start": 0, "size": 3},
                },
                "get": {
                    "method": "POST", "path": "accounts.read", "params": ["{token}", ["{id}"]], "record": "[0]",
                },
                "create": {"method": "POST", "path": "accounts.add", "params": ["{token}", "{record}"]},
                "update": {"method": "POST", "path": "accounts.change", "params": ["{token}", "{id}", "{record}"]},
                "delete": {"method": "POST", "path": "accounts.drop", "params": ["{token}", "{id}"]},
                "paging": {"type": "offset", "offset_param": "start", "limit_param": "size", "limit": 3},
                "since": {
                    "param": "where", "format": "yyyy-MM-dd'T'HH:mm:ss",
                    "template": {"json": [["changed", ">=", "{}"]]},
                },
                "filters": {"code": {"param": "where", "template": {"json": [["code", "=", "{}"]]}}},
                "modified": "changed", "version": "changed",
                "fields": {
                    "id": {"type": "integer", "read_only": True}, "code": {"type": "text", "unique": True},
                    "name": {"type": "text"}, "note": {"type": "text"}, "count": {"type": "integer"},
                    "price": {"type": "number"}, "changed": {"type": "instant", "read_only": True},
                },
                "claims": {"create_idem": "search", "strong_reads": True},
            }
        },
    }  # fmt: skip
