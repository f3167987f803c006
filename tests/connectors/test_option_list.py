"""Option lists over HTTP: read through the paging of their object, in their order, and made where they are missing."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from tallystick.connectors.registry import open_system
from tallystick.core.error import DataError, Garbled
from tallystick.core.ports import Page, Sighting
from tallystick.core.schema import Option
from tallystick.engine.option_list import create_option, read_options
from tallystick.project.manifest import Manifest
from tallystick.project.manifest_shapes import OptionsFrom
from tallystick.project.secrets import ProjectSecrets

OPTIONS = [
    {"id": 7, "api": {"name": "won"}, "text": "Won", "pos": 3, "field": "stage", "archived": False, "pipe": "sales"},
    {"id": 8, "api": {"name": "open"}, "text": "Open", "pos": 1, "field": "stage", "archived": "false", "pipe": None},
    {"id": 9, "api": {"name": "lost"}, "text": None, "pos": None, "field": "stage", "archived": 1, "pipe": None},
    {"id": 10, "api": {"name": "red"}, "text": "Red", "pos": 0, "field": "colour", "archived": False, "pipe": None},
]
SOURCE = OptionsFrom(
    object="choices", key="api.name", label="text", inactive="archived", order="pos", within="pipe",
    where={"field": ("stage",)}, on_create={"archived": False},
)  # fmt: skip


class Api:
    """A small API of its own state: two options a page; ``is_stuck`` repeats the first page for ever."""

    def __init__(self):
        self.rows = [dict(row) for row in OPTIONS]
        self.is_stuck = False

    def page(self, number):
        """Give one page."""
        begin = 0 if self.is_stuck else (number - 1) * 2
        return {"data": {"choices": self.rows[begin : begin + 2]}}

    def add(self, row):
        """Take one new option."""
        self.rows.append({"id": len(self.rows) + 7, **row})
        return self.rows[-1]


@pytest.fixture
def api():
    return Api()


@pytest.fixture
def system(api, tmp_path):
    class Door(BaseHTTPRequestHandler):
        def answer(self, content):
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.answer(api.page(int(parse_qs(urlsplit(self.path).query)["page"][0])))

        def do_POST(self):
            self.answer(api.add(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        manifest = Manifest.model_validate(
            {
                "protocol": "rest",
                "base_url": f"http://127.0.0.1:{server.server_address[1]}",
                "objects": {
                    "choices": {
                        "list": {"method": "GET", "path": "/choices", "record": "data.choices"},
                        "create": {"method": "POST", "path": "/choices"},
                        "paging": {"type": "page", "page_param": "page", "size": 2},
                    }
                },
            }
        )
        connector, transport = open_system("api", manifest, ProjectSecrets(tmp_path))
        yield connector, transport
        transport.close()
        server.shutdown()
        thread.join(10)


def test_a_list_is_read_over_all_pages_in_the_order_that_people_see(system):
    connector, transport = system
    assert transport.run(read_options(connector, SOURCE)) == (
        Option("open", "Open"),
        Option("won", "Won", within="sales"),
        Option("lost", "", active=False),
    )


def test_without_a_key_the_id_is_what_is_stored(system):
    connector, transport = system
    found = transport.run(read_options(connector, OptionsFrom(object="choices", label="text")))
    assert [option.key for option in found] == ["7", "8", "9", "10"]


def test_an_option_is_made_once_and_found_by_its_label_afterwards(system, api):
    connector, transport = system
    for _ in range(2):
        assert transport.run(create_option(connector, SOURCE, Option("paused", "Paused"), "token")) == "paused"
    assert [row for row in api.rows if row["api"]["name"] == "paused"] == [
        {"id": 11, "api": {"name": "paused"}, "text": "Paused", "field": "stage", "archived": False}
    ]
    assert transport.run(create_option(connector, SOURCE, Option("gewonnen", "won"), "token")) == "won"


def test_where_the_system_gives_the_key_that_one_is_learned(system):
    connector, transport = system
    source = OptionsFrom(object="choices", label="text")
    assert transport.run(create_option(connector, source, Option("paused", "Paused"), "token")) == "11"


def test_a_listing_that_repeats_a_page_ends_with_an_error(system, api):
    connector, transport = system
    api.is_stuck = True
    with pytest.raises(Garbled, match="paging loop"):
        transport.run(read_options(connector, SOURCE))


def test_a_connector_that_does_not_notice_a_repeated_page_hangs_nobody():
    class Stuck:
        def read(self, object_name, since, position):
            yield from ()
            return Page([b"{}"], next="again")

        def sight(self, object_name, row):
            return Sighting("1", {})

    with pytest.raises(Garbled, match="same page came twice"):
        next(read_options(Stuck(), OptionsFrom(object="choices")))


def test_an_option_without_a_key_is_told_with_the_place_to_correct(system):
    connector, transport = system
    with pytest.raises(DataError) as told:
        transport.run(read_options(connector, OptionsFrom(object="choices", key="code")))
    assert (told.value.message, "options_from.key" in told.value.hint) == ("an option has no key", True)
