"""What ends by itself is told beforehand, the soonest first, from whatever says so; and nothing secret comes along."""

import base64
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import yaml
from test_layers import certificate, encrypted, move

from tallystick.checklist.calendar import Ending, write_calendar
from tallystick.cli.main import run_command
from tallystick.core.error import ProjectError
from tallystick.project.load import load_project
from tallystick.testing.twins.server import Answer

TODAY = datetime.now(UTC)  # noqa: TID251 - the command asks the machine's own clock
NOW = TODAY.timestamp()


def calendar(twins, capsys, *arguments, code=0):
    assert run_command(["--project", str(twins.folder), "--quiet", "check", "--calendar", "--json", *arguments]) == code
    return [
        (each["system"], each["what"], each["days_left"]) for each in json.loads(capsys.readouterr().out)["endings"]
    ]


def amend(twins, system, **settings):
    file = twins.folder / "systems" / f"{system}.yaml"
    file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | settings, allow_unicode=True))


def day(days):
    return (TODAY + timedelta(days=days)).date().isoformat()


def test_where_nothing_ends_nothing_is_told(twins, capsys):
    assert calendar(twins, capsys) == []
    assert run_command(["--project", str(twins.folder), "check", "--calendar"]) == 0
    assert "nothing is known of crm, erp" in capsys.readouterr().out


def test_what_is_declared_is_sorted_by_its_day(twins, capsys):
    amend(twins, "crm", expires=[{"what": "licence", "on": day(400)}, {"what": "client secret", "on": day(10)}])
    amend(twins, "erp", expires=[{"what": "API key", "on": day(90)}])
    assert calendar(twins, capsys) == [
        ("crm", "client secret", 10), ("erp", "API key", 90), ("crm", "licence", 400),
    ]  # fmt: skip


def test_what_is_over_fails_the_command_and_warns_under_reachability(twins, capsys):
    amend(twins, "crm", expires=[{"what": "client secret", "on": day(-2)}])
    assert calendar(twins, capsys, code=5) == [("crm", "client secret", -2)]
    found = [f for row in twins.ask("C5").rows for f in row.findings if f.system == "crm"]
    assert [f.verdict for f in found] == ["warn"]
    assert "client secret has expired" in found[0].summary


def test_a_certificate_is_read_from_the_handshake_and_from_its_file(twins, capsys, tmp_path):
    file = certificate(tmp_path / "own.pem", last=50)
    with encrypted(file) as port:
        move(twins, f"https://127.0.0.1:{port}", ca_file=file)
        told = calendar(twins, capsys)
    assert ("crm", "the certificate of 127.0.0.1", 49) in told
    assert ("crm", "the authority's certificate", 49) in told


def test_a_token_that_says_when_it_ends_is_believed_and_not_shown(twins, capsys, monkeypatch):
    claims = base64.urlsafe_b64encode(json.dumps({"exp": NOW + 7 * 86_400 + 43_200}).encode()).decode().rstrip("=")
    token = f"eyJhbGciOiJub25lIn0.{claims}.c2lnbmF0dXJl"
    twins.crm.token = token
    monkeypatch.setenv("TWIN_CRM_TOKEN", token)
    [(system, what, left)] = calendar(twins, capsys)
    assert (system, left) == ("crm", 7)
    assert what.startswith("the token of auth.")
    assert run_command(["--project", str(twins.folder), "check", "--calendar"]) == 0
    assert claims not in capsys.readouterr().out


def test_an_interface_that_was_announced_to_go_is_told(twins, capsys):
    end = format_datetime(TODAY + timedelta(days=30, hours=1), usegmt=True)

    def announce(request, moment):
        if moment == "before" and request.path.startswith("/v1/companies"):
            headers = {"Sunset": end, "Deprecation": f"@{int(NOW) - 86_400}"}
            return Answer(200, b'{"data": [], "next_cursor": null}', headers)
        return None

    twins.crm.on_request = announce
    told = calendar(twins, capsys)
    assert ("crm", "this version of the interface", 30) in told
    assert any(what == "the interface counts as outdated from then" for _, what, _ in told)


def test_headers_that_make_no_sense_are_passed_over(twins, capsys):
    twins.crm.on_request = lambda request, moment: (
        Answer(200, b"{}", {"Sunset": "soon", "Deprecation": "true"}) if moment == "before" else None
    )
    assert calendar(twins, capsys) == []


def test_a_system_that_is_down_does_not_keep_the_others_from_being_told(twins, capsys):
    amend(twins, "erp", expires=[{"what": "API key", "on": day(90)}])
    twins.crm.stop()
    assert calendar(twins, capsys) == [("erp", "API key", 90)]


def test_the_calendar_file_keeps_to_the_format(twins, capsys, tmp_path):
    amend(twins, "crm", expires=[{"what": "Schlüssel; für alle, \\ und " + "ü" * 60, "on": "2027-03-01"}])
    file = tmp_path / "out" / "endings.ics"
    calendar(twins, capsys, "--ics", str(file))
    text = file.read_bytes()
    assert text.startswith(b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert text.endswith(b"END:VCALENDAR\r\n")
    assert all(len(line) <= 75 for line in text.split(b"\r\n"))
    whole = text.decode().replace("\r\n ", "")
    assert "DTSTART;VALUE=DATE:20270301\r\n" in whole
    assert "SUMMARY:crm: Schlüssel\\; für alle\\, \\\\ und " in whole
    assert whole.count("BEGIN:VEVENT") == whole.count("END:VEVENT") == 1


def test_the_same_ending_keeps_its_identity_from_file_to_file():
    """A calendar that takes the file twice has one entry."""
    one = [Ending(NOW, "crm", "token", "the token itself", "Olga")]
    lines = [
        {line for line in write_calendar(one, "shop", now).splitlines() if line.startswith("UID")} for now in (0, NOW)
    ]
    assert lines[0] == lines[1] != set()


def test_a_day_that_is_none_is_refused(twins):
    amend(twins, "crm", expires=[{"what": "licence", "on": "2027-02-30"}])
    with pytest.raises(ProjectError):
        load_project(twins.folder)
