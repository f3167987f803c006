"""``tally login`` against an authorization server that verifies, from the first sign-in to one that was revoked."""

import os
import re
import stat
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.cli.authority import CLIENT, SECRET, Authority
from tests.cli.conftest import Outcome, World
from tests.cli.rest_crm import MANIFEST, Crm
from tests.connectors.http.conftest import Server

BROWSER = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=20).read()"


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server().start()
    yield started
    started.stop()


@pytest.fixture
def authority(server: Server, world: World, monkeypatch: pytest.MonkeyPatch) -> Authority:
    monkeypatch.setenv("CLIENT_SECRET", SECRET)
    found = Authority(server, Crm(server, 3))
    describe(world, server)
    world.execute("erp", "delete from partners")
    return found


def describe(world: World, server: Server, more: str = "") -> None:
    auth = f"""auth:
  type: oauth2_refresh_token
  token_url: {server.url}/token
  authorize_url: {server.url}/authorize?prompt=consent
  authorize_with: {{access_type: offline}}
  device_url: {server.url}/device
  client_id: {CLIENT}
  client_secret: ${{env:CLIENT_SECRET}}
  scopes: [crm.read, offline_access]
  keep_in: .tally/crm.token
{more}"""
    world.write("systems/crm.yaml", MANIFEST.format(url=server.url, limits="{}") + auth)


class Browser:
    """Opens addresses as a person's browser would, and keeps the last page it was shown."""

    def __init__(self) -> None:
        self.page, self.status, self.threads = "", 0, list[threading.Thread]()
        self.detour: Callable[[str], None] = lambda _address: None

    def open(self, address: str) -> bool:
        self.detour(address)
        try:
            with urllib.request.urlopen(address, timeout=20) as answer:
                self.status, self.page = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                self.status, self.page = error.code, error.read().decode()
        return True

    def start(self, address: str) -> None:
        self.threads.append(threading.Thread(target=self.open, args=(address,)))
        self.threads[-1].start()

    def settle(self) -> None:
        for thread in self.threads:
            thread.join(20)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    found = Browser()
    monkeypatch.setattr("webbrowser.open", found.start)
    yield found
    found.settle()


def kept(world: World) -> Path:
    return world.folder / ".tally" / "crm.token"


def hides_tokens(outcome: Outcome, authority: Authority) -> bool:
    said = outcome.out + outcome.err
    return not any(
        token in said for token in (*authority.access, *authority.refresh, SECRET, authority.device_code or SECRET)
    )


def test_a_person_signs_in_once_and_runs_go_on_without(world: World, authority: Authority, browser: Browser) -> None:
    """The refresh token changes with each use; what is kept is always the newest."""
    before = world.tally("plan")
    assert before.code == 3
    assert "tally login crm" in before.out + before.err
    outcome = world.succeed("login", "crm")
    browser.settle()
    assert (browser.status, "Signed in" in browser.page) == (200, True)
    assert "Signed in to crm" in outcome.out
    assert hides_tokens(outcome, authority)
    assert {kept(world).read_text(encoding="utf-8")} == authority.refresh
    assert stat.S_IMODE(kept(world).stat().st_mode) == 0o600
    first = set(authority.refresh)
    world.succeed("plan")
    world.succeed("apply")
    assert len(world.erp()) == 3
    assert {kept(world).read_text(encoding="utf-8")} == authority.refresh != first
    assert authority.grants == ["authorization_code", "refresh_token", "refresh_token"]


def test_what_was_granted_is_found_from_any_folder(
    world: World, authority: Authority, browser: Browser, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    world.succeed("login", "crm")
    monkeypatch.chdir("/")
    world.succeed("plan")
    assert kept(world).is_file()


def test_a_revoked_sign_in_says_to_sign_in_again(world: World, authority: Authority, browser: Browser) -> None:
    world.succeed("login", "crm")
    authority.refresh, authority.access = set(), set()
    outcome = world.tally("plan")
    assert outcome.code == 3
    assert "no longer accepted" in outcome.out + outcome.err
    assert "tally login crm" in outcome.out + outcome.err
    assert kept(world).read_text(encoding="utf-8") not in outcome.out + outcome.err
    world.succeed("login", "crm")
    world.succeed("plan")


def test_who_refuses_on_the_page_is_not_signed_in(world: World, authority: Authority, browser: Browser) -> None:
    authority.refuses = "access_denied"
    outcome = world.tally("login", "crm")
    browser.settle()
    assert outcome.code == 3
    assert "access_denied" in outcome.err
    assert (browser.status, "Not signed in" in browser.page, "<b>no" in browser.page) == (400, True, False)
    assert not kept(world).exists()


def test_what_does_not_belong_to_this_sign_in_is_turned_away(
    world: World, authority: Authority, browser: Browser
) -> None:
    """Somebody else's code, smuggled in by a link, would sign us in to their account."""
    pages: list[tuple[int, str]] = []

    def smuggle(address: str) -> None:
        redirect = re.search(r"redirect_uri=([^&]+)", address)
        assert redirect
        home = unquote(redirect[1])
        other = Browser()
        for query in ("?code=theirs&state=guessed", "?code=theirs", "", "favicon.ico?code=x"):
            other.open(home + query)
            pages.append((other.status, other.page))

    browser.detour = smuggle
    world.succeed("login", "crm")
    assert [status for status, _ in pages] == [400, 400, 404, 404]
    assert authority.grants == ["authorization_code"]


def test_a_token_server_that_refuses_is_told_on_the_page_too(
    world: World, authority: Authority, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENT_SECRET", "wr0ng-secret")
    outcome = world.tally("login", "crm")
    browser.settle()
    assert outcome.code == 3
    assert "invalid_client" in outcome.err
    assert "wr0ng-secret" not in outcome.err
    assert (browser.status, "refuses this client" in browser.page) == (400, True)


def test_a_sign_in_without_anything_to_keep_is_a_failure(world: World, authority: Authority, browser: Browser) -> None:
    authority.gives_refresh = False
    outcome = world.tally("login", "crm")
    assert outcome.code == 3
    assert "no refresh token" in outcome.err
    assert "offline_access" in outcome.err
    assert not kept(world).exists()


def test_a_token_that_lasts_is_kept_itself(world: World, authority: Authority, browser: Browser) -> None:
    """Some systems give neither a refresh token nor an end."""
    authority.gives_refresh, authority.lasts = False, True
    outcome = world.succeed("login", "crm")
    assert hides_tokens(outcome, authority)
    assert stat.S_IMODE(kept(world).stat().st_mode) == 0o600
    world.succeed("plan")
    assert authority.grants == ["authorization_code"]
    authority.access = set()
    refused = world.tally("plan", "--full")
    assert refused.code == 3
    assert "tally login crm" in refused.out + refused.err


# --- without a browser here ---


class Person:
    """Standard input of a person who opens the shown address elsewhere and pastes where it ends."""

    def __init__(self, capsys: pytest.CaptureFixture[str], change: Callable[[str], str]) -> None:
        self.capsys, self.change, self.said = capsys, change, ""

    def readline(self) -> str:
        self.said = self.capsys.readouterr().err
        shown = re.search(r"http://\S+/authorize\S+", self.said)
        assert shown

        class Stay(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: object) -> None:  # type: ignore[override]
                return None

        try:
            urllib.request.build_opener(Stay).open(shown[0], timeout=20)
        except urllib.error.HTTPError as error:
            with error:
                return self.change(error.headers["Location"]) + "\n"
        raise AssertionError("the page leads nowhere")


@pytest.mark.parametrize("more", ["", "  redirect_uri: https://crm.example/landing\n"])
def test_without_a_browser_the_address_where_one_ended_is_pasted(
    world: World, server: Server, authority: Authority, more: str,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    describe(world, server, more)
    monkeypatch.setattr(sys, "stdin", Person(capsys, lambda address: address))
    outcome = world.succeed("login", "crm", "--no-browser")
    assert hides_tokens(outcome, authority)
    assert {kept(world).read_text(encoding="utf-8")} == authority.refresh


def _with_another_state(address: str) -> str:
    return re.sub(r"state=[\w-]+", "state=another", address)


@pytest.mark.parametrize(
    ("change", "word"),
    [(_with_another_state, "does not belong"), (lambda _: "", "no address"), (lambda _: "hello", "does not belong")],
)
def test_what_is_pasted_is_checked(
    world: World, authority: Authority, change: Callable[[str], str], word: str,
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys, "stdin", Person(capsys, change))
    outcome = world.tally("login", "crm", "--no-browser")
    assert outcome.code == 2
    assert word in outcome.err
    assert authority.grants == []


def test_by_a_code_on_another_device(world: World, authority: Authority, server: Server) -> None:
    authority.device_answers = ["authorization_pending"]
    outcome = world.succeed("login", "crm", "--device", "--json")
    assert outcome.document == {"system": "crm", "signed_in": True, "kept_in": str(kept(world))}
    assert "WDJB-MJHT" in outcome.err
    assert f"{server.url}/activate" in outcome.err
    assert hides_tokens(outcome, authority)
    assert len(authority.grants) == 2
    world.succeed("plan")


def test_a_device_that_is_refused_is_not_signed_in(world: World, authority: Authority) -> None:
    authority.device_answers = ["access_denied"]
    outcome = world.tally("login", "crm", "--device")
    assert outcome.code == 3
    assert "access_denied" in outcome.err
    assert not kept(world).exists()


# --- what cannot be done ---


def test_a_system_that_nobody_signs_in_to_says_so(world: World, authority: Authority) -> None:
    outcome = world.tally("login", "erp")
    assert outcome.code == 2
    assert "nobody has to sign in to 'erp'" in outcome.err


def test_a_system_that_is_not_there_is_named(world: World) -> None:
    outcome = world.tally("login", "crn")
    assert outcome.code == 2
    assert "there are: crm, erp" in outcome.err


def test_a_port_that_is_taken_is_named(world: World, server: Server, authority: Authority) -> None:
    describe(world, server, f"  redirect_uri: http://localhost:{server.port}/back\n")
    outcome = world.tally("login", "crm")
    assert outcome.code == 2
    assert f"nothing can listen on port {server.port}" in outcome.err


def test_the_whole_command_opens_the_browser_of_the_environment(
    world: World, authority: Authority, tmp_path: Path
) -> None:
    """As it is used: a process of its own, and whatever browser there is, one in the terminal included."""
    script = tmp_path / "browser.py"
    script.write_text(BROWSER, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "tallystick.cli", "-p", str(world.folder), "login", "crm"],
        env=os.environ | {"BROWSER": f"{sys.executable} {script} %s"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert hides_tokens(Outcome(0, ended.stdout, ended.stderr), authority)
    assert {kept(world).read_text(encoding="utf-8")} == authority.refresh
