"""``tally demo``: two systems, described, checked, planned, applied and kept in step; no questions asked.

The demo types the very commands that a newcomer would, against the two twins over real HTTP, each in a process of its
own. People who edit in both systems are played by plain requests. Nothing is left running.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tallystick.cli.exits import CHECK, DECIDE, DONE, FAILED
from tallystick.core.error import Bug

_TOKENS: Final = {"crm": "TWIN_CRM_TOKEN", "erp": "TWIN_ERP_TOKEN"}
_REPORT: Final = "check-report.html"
_SHEET: Final = "sheets"


@dataclass(frozen=True, slots=True)
class Served:
    """A twin that runs: where it is and how it lets us in."""

    name: str
    url: str
    headers: Mapping[str, str]

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Do one thing in the system as a person at its screen would."""
        from urllib.request import ProxyHandler, Request, build_opener

        wanted = Request(  # noqa: S310 - the address is our own twin's
            self.url + path,
            data=json.dumps(body).encode() if body is not None else None,
            method=method,
            headers={**self.headers, "Content-Type": "application/json"},
        )
        with build_opener(ProxyHandler({})).open(wanted, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""
    app.command("demo")(demo)


def demo(
    *,
    folder: Annotated[Path, typer.Option(help="Where the demo's project goes; replaced if it is there.")] = Path(
        "demo"
    ),
    records: Annotated[int, typer.Option(min=100, max=50_000, help="Records in each system.")] = 2000,
    seed: Annotated[int, typer.Option(help="Another seed makes another world.")] = 7,
) -> int:
    """Show the whole way on two made-up systems: about half a minute, no questions, nothing left running.

    Example: tally demo --records 500
    """
    started = time.monotonic()
    with _twins(records, seed) as (crm, erp):
        _write_project(folder)
        _say(f"Two systems are up: a CRM at {crm.url} and an ERP at {erp.url}, {records} records each.")
        code = _tour(folder, crm, erp)
    report = (folder / _REPORT).resolve()
    _say(f"Both systems are stopped. {time.monotonic() - started:.0f} seconds.")
    if report.exists():
        _say(f"The check report: {report}")
    return code


def _tour(folder: Path, crm: Served, erp: Served) -> int:
    _say("\n1. Describe both systems from their OpenAPI documents.")
    for twin in (crm, erp):
        _must(folder, "describe", twin.name, "--openapi", f"{twin.url}/openapi.json", "--base-url", twin.url)
    _say("\n2. Ask the check list; every answer is measured on the live systems.")
    _must(folder, "check", "--html", str(folder / _REPORT), allowed=(DONE, CHECK))
    _say("\n3. Which records would be refused, by rule? Read to the end, nothing written.")
    _must(folder, "predict", allowed=(DONE, DECIDE))
    _say("\n4. The owner of the contacts decides in a spreadsheet that long names may be cut; the files learn it.")
    _must(folder, "map", "export", "contacts", "--csv", str(folder / _SHEET))
    _edit_sheet(folder / _SHEET / "contacts.csv")
    _must(folder, "map", "merge", str(folder / _SHEET))
    _must(folder, "predict", "contacts", "--side", "erp", allowed=(DONE, DECIDE))
    _say("\n5. First contact: who is who, and what would be written. Nothing is written yet.")
    _must(folder, "plan", "--limit", "5")
    _say("\n6. Carry out exactly that plan.")
    _must(folder, "apply")
    _say("\n7. People edit on both sides meanwhile.")
    _edit(crm, erp)
    _say("\n8. Bring them in step again. What cannot go is parked with its reason; the rest goes.")
    _must(folder, "run", "--full")
    _must(folder, "problems")
    _say("\n9. What is 'Gesperrt' in the CRM? Once answered, whatever waited for it goes on by itself.")
    _must(folder, "options", "answer", "companies", "status", "paused=Gesperrt")
    _must(folder, "options", "answer", "contacts", "status", "paused=Gesperrt")
    _must(folder, "run", "--full")
    _say("\n10. The proof: compare everything once more. Nothing is left to do.")
    return _prove(folder)


def _edit_sheet(path: Path) -> None:
    """Let the last name be cut where it is too long, as a person would in a spreadsheet."""
    with path.open(encoding="utf-8-sig", newline="") as text:
        lines = list(csv.reader(text))
    heads = next(line for line in lines if "invalid" in line)
    row = next(line for line in lines if "last_name" in line)
    row[heads.index("invalid")] = "truncate"
    with path.open("w", encoding="utf-8-sig", newline="") as text:
        csv.writer(text).writerows(lines)
    _say("   the cell 'invalid' of last_name: truncate")


def _prove(folder: Path) -> int:
    _must(folder, "plan", "--full")
    plan = json.loads((folder / ".tally" / "plan.json").read_text())
    left = sum(len(lines) for lines in plan["lines"].values())
    if left:
        _say(f"The second plan has {left} lines; it should be empty.")
        return FAILED
    return DONE


def _edit(crm: Served, erp: Served) -> None:
    """Make the edits that hurt: one on each side, a conflict, a deletion, an unknown option, an over-long value."""
    pairs = _in_step(crm, erp)
    left, right = next(pairs)
    crm.ask("PATCH", f"/v1/companies/{left}", {"phone": "+49 30 5550100"})
    _say(f"   CRM {left}: a new telephone number")
    left, right = next(pairs)
    erp.ask("PATCH", f"/api/partner/{right}", {"ansprechpartner": "Jörg Weißmüller"})
    _say(f"   ERP {right}: a new contact person, with umlauts")
    left, right = next(pairs)
    crm.ask("PATCH", f"/v1/companies/{left}", {"contactName": "Änne Groß", "city": "Lüneburg"})
    erp.ask("PATCH", f"/api/partner/{right}", {"ansprechpartner": "Udo Öhler", "ort": "Görlitz"})
    _say(f"   CRM {left} and ERP {right}: both change the contact (nobody wins) and the city (the ERP leads)")
    left, right = next(p for p in pairs if not crm.ask("GET", f"/v1/contacts?companyId={p[0]}")["data"])
    erp.ask("DELETE", f"/api/partner/{right}")
    _say(f"   ERP {right}: deleted")
    left, right = next(pairs)
    crm.ask("PATCH", f"/v1/companies/{left}", {"currency": "PLN", "phone": "+48 22 5550100"})
    _say(f"   CRM {left}: a currency that the ERP does not know, and a telephone number")
    left, right = next(pairs)
    crm.ask("PATCH", f"/v1/companies/{left}", {"name": "Vereinigte Süßwarenmanufakturen Oberschwaben & Söhne GmbH"})
    _say(f"   CRM {left}: a name that is too long for the ERP")


def _in_step(crm: Served, erp: Served) -> Iterator[tuple[str, int]]:
    """Find companies that are in both systems: by VAT number, as a person would."""
    found: dict[str, int] = {}
    cursor: str | None = ""
    while cursor is not None:
        page = erp.ask("GET", f"/api/partner?art=firma&page_size=500{'&cursor=' + cursor if cursor else ''}")
        found |= {p["ust_id"]: p["id"] for p in page["items"] if p["ust_id"]}
        cursor = page["next_cursor"]
    for company in crm.ask("GET", "/v1/companies?limit=200&sort=id")["data"]:
        if company["vatId"] in found and company["currency"] in {"EUR", "CHF"}:
            yield company["id"], found[company["vatId"]]


def _write_project(folder: Path) -> None:
    """Lay out the project that the twins' package carries; only a folder that a demo made is replaced."""
    mark = folder / ".tally" / "demo"
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        from tallystick.core.error import ProjectError

        raise ProjectError(
            f"'{folder}' is there already and was not made by a demo", hint="name another one with --folder"
        )
    shutil.rmtree(folder, ignore_errors=True)
    with as_file(files("tallystick.testing.twins") / "project") as source:
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__"))
    mark.parent.mkdir(mode=0o700)
    mark.touch()


@contextmanager
def _twins(records: int, seed: int) -> Iterator[tuple[Served, Served]]:
    """Run both twins in processes of their own; they end with us, however we end."""
    with ExitStack() as closing:
        started = [_start(name, records, seed, closing) for name in ("crm", "erp")]
        ready = [_read_line(process) for process in started]
        for name, facts in zip(_TOKENS, ready, strict=True):
            os.environ[_TOKENS[name]] = facts["token"]
        yield (
            Served("crm", ready[0]["url"], {"Authorization": f"Bearer {ready[0]['token']}"}),
            Served("erp", ready[1]["url"], {"X-Api-Key": ready[1]["token"]}),
        )


def _start(name: str, records: int, seed: int, closing: ExitStack) -> "subprocess.Popen[bytes]":
    asked = ["--port", "0", "--records", str(records), "--seed", str(seed)]
    process = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "tallystick.testing.twins", name, *asked], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    closing.callback(_stop, process)
    return process


def _read_line(process: "subprocess.Popen[bytes]") -> dict[str, str]:
    line = process.stdout.readline() if process.stdout is not None else b""
    if not line:
        raise Bug("a twin did not start", hint="run 'python -m tallystick.testing.twins crm' to see why")
    answer: dict[str, str] = json.loads(line)
    return answer


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.communicate(timeout=10)


def _must(folder: Path, *arguments: str, allowed: Sequence[int] = (DONE,)) -> None:
    """Type a command and go on only if it went well."""
    from tallystick.cli.main import run_command

    _say(f"\n$ tally {' '.join(arguments)}")
    code = run_command(["--project", str(folder), *arguments])
    if code not in allowed:
        raise typer.Exit(code)


def _say(text: str) -> None:
    print(text, flush=True)
