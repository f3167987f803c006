"""Google Sheets, as far as mapping sheets need it: look at a spreadsheet, and rewrite it in one step.

A service account signs in (RFC 7523, as for any system). Requests that come too often or meet a failing server are
repeated; a rewrite whose outcome is not known is planned anew on what is there then, so that it is never done twice.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec

from tallystick.connectors.http.address import Hosts, add_path, add_query
from tallystick.connectors.http.auth import open_auth
from tallystick.connectors.http.limits import REAL_TIMING, Timing, back_off
from tallystick.connectors.http.message import Request, Response
from tallystick.connectors.http.refusal import complaint, refusal
from tallystick.connectors.http.scrub import Scrub
from tallystick.connectors.http.transport import HttpTransport
from tallystick.core.error import AccessError, Error, Garbled, ProjectError, RemoteError, Throttled, Unavailable
from tallystick.core.ports import Secrets
from tallystick.project.manifest import Limits, Network
from tallystick.project.manifest_auth import JwtBearerAuth
from tallystick.project.model import Google
from tallystick.project.secrets import references
from tallystick.project.sheet.online import (
    MOST_COLUMNS,
    MOST_ROWS,
    OnlineTab,
    Spreadsheet,
    is_sheet_mark,
    range_of,
)
from tallystick.project.sheet.online_plan import PROTECTION

SCOPE: Final = "https://www.googleapis.com/auth/spreadsheets"
TOKEN_URL: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address, no secret
_PLACE: Final = "tally.yaml: google"
_ATTEMPTS: Final = 4
_AT_ONCE: Final = 40  # ranges in one address
_TABS_AT_ONCE: Final = 10
_LARGEST_ANSWER: Final = 200_000_000  # cells come with their looks, which is much more than their texts
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_FIRST_LOOK: Final = (
    "properties.title,sheets(properties(sheetId,title,sheetType,gridProperties(rowCount,columnCount)),"
    "protectedRanges(protectedRangeId,description))"
)
_SAID: Final = "userEnteredValue,effectiveValue,effectiveFormat.numberFormat.type"
_DRESSED: Final = f"{_SAID},userEnteredFormat,note,dataValidation"

T = TypeVar("T")
Plan = Callable[[Spreadsheet], Sequence[Mapping[str, Any]]]
Asking = Generator[Request, Response, dict[str, Any]]


@dataclass(frozen=True, slots=True, repr=False)
class Account:
    """A service account: who it is, and the private key that proves it."""

    email: str
    key: str
    key_id: str
    token_url: str


def read_account(text: str) -> Account:
    """Read the JSON key file of a service account; no message shows anything of it.

    Raises:
        ProjectError: it is none.
    """
    try:
        told = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        told = None
    told = told if isinstance(told, dict) else {}
    wanted = ("client_email", "private_key")
    missing = [name for name in wanted if not isinstance(told.get(name), str) or not told[name]]
    if missing or told.get("type", "service_account") != "service_account":
        raise ProjectError(
            "google.key is not the key file of a service account",
            hint="Google Cloud console: the service account, Keys, Add key, JSON; keep that file as it is",
            place=_PLACE,
        )
    key_id = str(told.get("private_key_id") or "")
    return Account(told["client_email"], told["private_key"], key_id, str(told.get("token_uri") or TOKEN_URL))


def open_google_sheet(
    spreadsheet: str, spec: Google | None, secrets: Secrets, timing: Timing = REAL_TIMING
) -> "GoogleSheet":
    """Open a spreadsheet by its id; nothing is asked yet. Close it after use.

    Raises:
        ProjectError: ``tally.yaml`` names no service account, or its key cannot be read.
    """
    if spec is None:
        raise ProjectError(
            "the project names no service account for Google Sheets",
            hint="tally.yaml: google: {key: '${file:.tally/google.json}'}, the JSON key file of the account",
            place=_PLACE,
        )
    if not references(spec.key):
        raise ProjectError(
            "google.key must be a reference: the key itself has no place in the project's files",
            hint="keep the key file out of Git and name it: ${file:.tally/google.json}",
            place=_PLACE,
        )
    account = read_account(secrets.resolve(spec.key))
    scrub = Scrub()
    scrub.learn(account.key)
    # The time limit is Google's own for one request.
    network = Network(timeout_seconds=180, ca_file=spec.ca_file)
    proxy = scrub.learn(secrets.resolve(spec.proxy)) if spec.proxy else ""
    auth = JwtBearerAuth(
        type="oauth2_jwt_bearer",
        token_url=account.token_url,
        issuer=account.email,
        key=account.key,
        key_id=account.key_id,
        scopes=(SCOPE,),
        lifetime_seconds=3600,
    )
    transport = HttpTransport(
        hosts=Hosts.of(spec.address, place=_PLACE),
        auth=open_auth(auth, lambda text: text, scrub, timing, place="google"),
        limits=Limits(longest_wait_seconds=120, response_bytes=_LARGEST_ANSWER),
        network=network,
        proxy=proxy,
        timing=timing,
    )
    return GoogleSheet(spreadsheet, spec.address, account.email, transport, scrub)


class GoogleSheet:
    """One spreadsheet. Everything it raises is an ``Error`` of the tree and names what a person can do."""

    def __init__(self, spreadsheet: str, address: str, email: str, transport: HttpTransport, scrub: Scrub) -> None:
        self.place = f"google:{spreadsheet}"
        self.email = email
        self._url = add_path(address, f"/v4/spreadsheets/{spreadsheet}")
        self._transport = transport
        self._scrub = scrub

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def look(self) -> Spreadsheet:
        """Fetch the tabs, and all cells of those that are ours; other people's cells are not read.

        Raises:
            AccessError: the account may not see it, or there is no such spreadsheet.
            ProjectError: a tab is larger than any sheet of mappings.
        """
        return self._run(self._looking(_SAID))

    def rewrite(self, plan: Plan) -> None:
        """Look at the spreadsheet and change it as ``plan`` says then, all or nothing.

        Raises:
            AccessError: the account may not edit it.
        """
        self._run(self._rewriting(plan))

    def _run(self, flow: Generator[Request, Response, T]) -> T:
        try:
            return self._transport.run(flow)
        except Throttled as error:
            raise Throttled(
                "Google takes no more requests for now",
                wait_seconds=error.wait_seconds,
                detail="the quota counts requests in a minute, of everybody who uses this service account",
                hint="run the command again in a few minutes",
                place=self.place,
            ) from error
        except AccessError as error:
            if not error.place.endswith("/token"):
                raise
            raise AccessError(
                f"Google does not let the service account {self.email} in",
                detail=error.detail,
                hint="its key may have been deleted, or the clock of this machine is wrong: make a new key",
                place=self.place,
            ) from error

    def _looking(self, fields: str) -> Generator[Request, Response, Spreadsheet]:
        told = yield from self._get("", [("fields", _FIRST_LOOK)])
        tabs = [_tab(each) for each in told.get("sheets", ()) if each["properties"].get("sheetType", "GRID") == "GRID"]
        marks = yield from self._marks(tabs)
        ours = {tab.id: tab for tab in tabs if is_sheet_mark(marks[tab.id], tab.title)}
        for tab in ours.values():
            if tab.row_count > MOST_ROWS or tab.column_count > MOST_COLUMNS:
                size = f"{tab.row_count:,} rows and {tab.column_count:,} columns"
                raise ProjectError(
                    f"the tab '{tab.title}' has {size}, which is too much",
                    hint="delete the blank rows and columns behind the last one",
                    place=self.place,
                )
        cells = yield from self._cells(list(ours.values()), fields)
        whole = tuple(_filled(tab, marks[tab.id], cells.get(tab.id, ())) if tab.id in ours else tab for tab in tabs)
        return Spreadsheet(str(told.get("properties", {}).get("title", "")) or self.place, whole)

    def _marks(self, tabs: Sequence[OnlineTab]) -> Generator[Request, Response, dict[int, str]]:
        """Ask for the first cell of each tab."""
        marks: dict[int, str] = {}
        for at in range(0, len(tabs), _AT_ONCE):
            some = tabs[at : at + _AT_ONCE]
            ranges = [("ranges", range_of(tab.title, "A1")) for tab in some]
            told = yield from self._get("/values:batchGet", [*ranges, ("valueRenderOption", "UNFORMATTED_VALUE")])
            found = told.get("valueRanges", [])
            if len(found) != len(some):
                raise Garbled("not every tab was answered for", detail=f"{len(found)} of {len(some)}", place=self.place)
            for tab, each in zip(some, found, strict=True):
                rows = each.get("values") or [[]]
                marks[tab.id] = str(rows[0][0]) if rows[0] else ""
        return marks

    def _cells(self, tabs: Sequence[OnlineTab], fields: str) -> Generator[Request, Response, dict[int, Any]]:
        """Ask for all cells of these tabs, with what was entered: values alone do not tell a formula from a text."""
        found: dict[int, Any] = {}
        mask = f"sheets(properties.sheetId,data.rowData.values({fields}))"
        for at in range(0, len(tabs), _TABS_AT_ONCE):
            ranges = [("ranges", range_of(tab.title)) for tab in tabs[at : at + _TABS_AT_ONCE]]
            told = yield from self._get("", [*ranges, ("fields", mask)])
            for each in told.get("sheets", ()):
                blocks = each.get("data") or [{}]
                rows = blocks[0].get("rowData", ())
                found[each["properties"].get("sheetId", 0)] = tuple(tuple(row.get("values", ())) for row in rows)
        missing = [tab.title for tab in tabs if tab.id not in found]
        if missing:
            raise Unavailable(f"the tab '{missing[0]}' went meanwhile", hint="try again", place=self.place)
        return found

    def _rewriting(self, plan: Plan) -> Generator[Request, Response, None]:
        wait = 0.0
        for attempt in range(1, _ATTEMPTS + 1):
            there = yield from self._looking(_DRESSED)
            body = msgspec.json.encode({"requests": plan(there)})
            try:
                yield from self._post(":batchUpdate", body, wait)
            except Unavailable:
                if attempt == _ATTEMPTS:
                    raise
                wait = back_off(attempt, self._transport.timing.jitter())
            else:
                return

    def _get(self, path: str, query: Sequence[tuple[str, str]]) -> Asking:
        headers = (("Accept", "application/json"),)
        return self._asked(Request("GET", add_query(self._url + path, query), headers, place=self.place))

    def _post(self, path: str, body: bytes, wait: float) -> Asking:
        headers = (("Accept", "application/json"), ("Content-Type", "application/json"))
        url = add_query(self._url + path, [("fields", "spreadsheetId")])
        return self._asked(Request("POST", url, headers, body, place=self.place, after=wait))

    def _asked(self, request: Request) -> Asking:
        response = yield request
        if not response.succeeded:
            raise self._refused(response, is_write=not request.is_safe)
        try:
            told = msgspec.json.decode(response.body)
        except (msgspec.DecodeError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise Garbled(
                "the answer is not what Google Sheets answers",
                detail=f"status {response.status}",
                hint="check google.address and the proxy in between",
                place=self.place,
            )
        return told

    def _refused(self, response: Response, *, is_write: bool) -> Error:
        """Say what a refusal means, and what a person can do about it."""
        words, _ = complaint(response.body, self._scrub)
        detail = f"status {response.status}" + (f": {words}" if words else "")
        if response.status == _FORBIDDEN:
            if b"SERVICE_DISABLED" in response.body:
                hint = "switch the Google Sheets API on in the Cloud project of the service account"
                return AccessError("Google Sheets is not switched on", detail=detail, hint=hint, place=self.place)
            verb = "edit" if is_write else "see"
            hint = f"share the spreadsheet with {self.email}, as Editor"
            return AccessError(
                f"the service account may not {verb} this spreadsheet", detail=detail, hint=hint, place=self.place
            )
        if response.status == _NOT_FOUND:
            hint = "check the address; if it is right, the spreadsheet was deleted"
            return AccessError("there is no such spreadsheet", detail=detail, hint=hint, place=self.place)
        if "not supported for this document" in words:
            hint = "open it and choose File, Save as Google Sheets; use the address of the copy"
            return AccessError(
                "this is an office file and no Google spreadsheet", detail=detail, hint=hint, place=self.place
            )
        if "protected" in words and is_write:
            hint = f"let {self.email} edit the protected ranges, or remove the protection"
            return AccessError("a protection forbids the change", detail=detail, hint=hint, place=self.place)
        error = refusal(response, self.place, self._scrub, write="update" if is_write else None)
        if isinstance(error, Unavailable | Throttled | AccessError):
            return error
        return RemoteError(
            "Google Sheets refuses the request",
            detail=detail,
            place=self.place,
            status=response.status,
            hint="if nobody changed tabs at the same moment, this is worth a report",
        )


def _tab(told: Mapping[str, Any]) -> OnlineTab:
    properties = told["properties"]
    grid = properties.get("gridProperties", {})
    ours = (each for each in told.get("protectedRanges", ()) if each.get("description") == PROTECTION)
    return OnlineTab(
        properties.get("sheetId", 0),
        str(properties.get("title", "")),
        int(grid.get("rowCount", 0)),
        int(grid.get("columnCount", 0)),
        protections=tuple(each["protectedRangeId"] for each in ours),
    )


def _filled(tab: OnlineTab, mark: str, cells: Any) -> OnlineTab:
    return OnlineTab(tab.id, tab.title, tab.row_count, tab.column_count, mark, cells, tab.protections)
