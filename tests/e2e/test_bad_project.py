"""Bad input of people: the command says what, where, why and what to do, with the right exit code and no trace."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from tests.e2e.twins_project import TwinsWorld

from tallystick.cli.exits import DONE, FAILED, SYSTEM, WRONG
from tallystick.testing.twins.fault import Fault

pytestmark = pytest.mark.e2e

Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(twins: TwinsWorld, capsys: pytest.CaptureFixture[str]) -> Say:
    """Give the command line: exit code and everything it said."""

    def run(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        code = twins.tally(*arguments)
        said = capsys.readouterr()
        text = said.out + said.err
        assert "Traceback" not in text
        return code, text

    return run


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def talker(words: bytes) -> Iterator[int]:
    """Serve something that is no HTTP: it says ``words`` to everybody and hangs up. Gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                if over.is_set():
                    return
                connection.settimeout(5)
                with contextlib.suppress(OSError):
                    connection.recv(65_536)
                    connection.sendall(words)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        socket.create_connection(listener.getsockname(), timeout=5).close()
        thread.join(5)
        listener.close()


BAD_FILES = {
    "no YAML": ("mappings/companies.yaml", "fields:", "fields: [", "mappings/companies.yaml:"),
    "a tab": ("systems/erp.yaml", "objects:\n", "objects:\n\tx: 1\n", "systems/erp.yaml:"),
    "an unknown key": ("mappings/contacts.yaml", "on_unmatched:", "on_unmached:", "did you mean 'on_unmatched'"),
    "a key twice": ("mappings/contacts.yaml", "owner: sales", "owner: sales\nowner: sales", "mappings/contacts.yaml:"),
    "an unknown field": ("mappings/companies.yaml", "right: telefon}", "right: telefn}", "telefon"),
    "an unknown system": ("mappings/companies.yaml", "{system: crm,", "{system: crn,", "crm"),
    "a list for a table": ("tally.yaml", "owners:", "owners: []\nx_owners:", "tally.yaml:"),
}


@pytest.mark.parametrize("case", BAD_FILES.values(), ids=BAD_FILES)
def test_a_wrong_file_is_told_with_its_line(twins: TwinsWorld, say: Say, case: tuple[str, str, str, str]) -> None:
    file, old, new, words = case
    path = twins.folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    for verb in ("run", "plan", "lint"):
        code, said = say(verb)
        assert code == WRONG, said
        assert f"{file}:" in said
        assert words in said


def test_a_project_that_is_not_there_is_told(twins: TwinsWorld, say: Say) -> None:
    (twins.folder / "tally.yaml").unlink()
    code, said = say("run")
    assert code == WRONG
    assert "tally.yaml" in said
    assert "what to do:" in said


def test_a_secret_that_cannot_be_resolved_is_named(twins: TwinsWorld, say: Say, monkeypatch) -> None:
    """The reference is told, with the file that uses it; no value of any secret is."""
    monkeypatch.delenv("TWIN_ERP_TOKEN")
    code, said = say("run")
    assert code == WRONG
    assert "TWIN_ERP_TOKEN" in said
    assert "what to do:" in said
    assert twins.crm.token not in said


def test_a_wrong_secret_is_told_and_not_shown(twins: TwinsWorld, say: Say, monkeypatch) -> None:
    monkeypatch.setenv("TWIN_CRM_TOKEN", "not-the-right-token")
    code, said = say("run")
    assert code == SYSTEM
    assert "the credentials are not accepted" in said
    assert "not-the-right-token" not in said


def test_a_system_that_does_not_run_is_told(twins: TwinsWorld, say: Say) -> None:
    twins.correct("crm", twins.crm.url, f"http://127.0.0.1:{free_port()}")
    code, said = say("run")
    assert code == SYSTEM
    assert "crm/companies: the connection failed" in said
    assert "what to do: check that the system runs" in said


def test_a_host_that_does_not_exist_is_told(twins: TwinsWorld, say: Say) -> None:
    twins.correct("crm", twins.crm.url, "http://no-such-host.invalid")
    code, said = say("run")
    assert code == SYSTEM
    assert "no-such-host.invalid" in said
    assert "check the host in base_url" in said


@pytest.mark.parametrize("words", [b"SSH-2.0-OpenSSH_9.6\r\n", b"\x00\x01\x02\xff" * 40, b"", b"HTTP/1.1 200"])
def test_a_port_that_speaks_something_else_is_told(twins: TwinsWorld, say: Say, words: bytes) -> None:
    with talker(words) as port:
        twins.correct("erp", twins.erp.url, f"http://127.0.0.1:{port}")
        code, said = say("run")
    assert code == SYSTEM
    assert "erp/partner: " in said
    assert "why: " in said
    assert "what to do: " in said


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_state_that_is_no_database_is_told(twins: TwinsWorld, say: Say, content: bytes) -> None:
    """Our own state is never replaced: it may be the only memory of who is who."""
    [state] = (twins.folder / ".tally").glob("state.db")
    state.write_bytes(content)
    for verb in ("run", "plan", "problems", "status"):
        code, said = say(verb)
        assert code == FAILED, said
        assert "state.db" in said
        assert "what to do:" in said
    assert state.read_bytes() == content


def test_a_second_run_at_the_same_time_is_told(twins: TwinsWorld, say: Say) -> None:
    with twins.house():
        code, said = say("run")
    assert code == FAILED
    assert "another process is writing in this project" in said
    assert "what to do: wait until it ends" in said
    assert say("run")[0] == DONE


def test_a_write_that_meets_trouble_is_told_by_the_command(twins: TwinsWorld, say: Say) -> None:
    """The run goes on, says what one write met, and ends with the code of a system that failed."""
    twins.edit_both()
    twins.erp.faults.add(Fault("html", method="PATCH", count=None))
    code, said = say("run", "--json")
    assert code == SYSTEM
    [companies] = [m for m in json.loads(said)["mappings"] if m["troubles"]]
    assert companies["done"]["create"] == 5
    [trouble] = companies["troubles"]
    assert trouble["place"].startswith("erp/partner/")
    assert trouble["detail"]
    assert trouble["hint"]
    twins.erp.faults.clear()
    assert say("run")[0] == DONE
