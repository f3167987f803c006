"""``tally login``: a person signs in to a system, and later runs go on with what that granted."""

import sys
import threading
import time
import webbrowser
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import urlsplit

import typer

from tallystick.cli.start import Json, examples, start_of
from tallystick.core.error import AccessError, Error, ProjectError

if TYPE_CHECKING:
    from tallystick.cli.output import Screen
    from tallystick.connectors.http.loopback import Loopback
    from tallystick.connectors.http.sign_in import Invitation
    from tallystick.connectors.sign_in import Entrance

_PATIENCE_SECONDS: Final = 900.0


def register(app: typer.Typer) -> None:
    """Add the verb."""
    shown = examples("tally login crm", "tally login crm --no-browser", "tally login crm --device")
    app.command(epilog=shown, short_help="Sign in to a system that wants a person for it.")(login)


def login(
    ctx: typer.Context,
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="The system to sign in to.")],
    *,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Show the address, and read the one where a browser elsewhere ended.")
    ] = False,
    device: Annotated[
        bool, typer.Option("--device", help="Show a code to type on another device. [if the manifest has no page]")
    ] = False,
    as_json: Json = False,
) -> int:
    """Sign in to a system by its own page, or by a code on another device.

    What that grants is kept in the file that auth.keep_in names, for its owner only, and is never shown. Later runs
    need nobody until the system no longer accepts it; then they say so.
    """
    from tallystick.cli.exits import DONE
    from tallystick.wiring import open_entrance

    start = start_of(ctx)
    screen = start.screen(as_json=as_json)
    with open_entrance(start.folder, start.environment, system) as entrance:
        if device or not entrance.auth.authorize_url:
            _sign_in_elsewhere(entrance, screen, system)
        else:
            _sign_in_here(entrance, screen, system, opens=not no_browser)
        screen.say(f"Signed in to {system}; later runs go on with it.")
        screen.document({"system": system, "signed_in": True, "kept_in": entrance.auth.keep_in})
    return DONE


def _sign_in_elsewhere(entrance: "Entrance", screen: "Screen", system: str) -> None:
    if not entrance.auth.device_url:
        raise ProjectError(
            "the manifest does not say where a code for another device is asked for",
            hint="auth.device_url; or leave --device out",
            place=system,
        )
    code = entrance.ask_device()
    screen.complain(f"Open {code.address} on any device and type: {code.user_code}")
    if code.whole_address:
        screen.complain(f"Or open {code.whole_address}")
    screen.note("Waiting until you have signed in there ...")
    entrance.await_device(code)


def _sign_in_here(entrance: "Entrance", screen: "Screen", system: str, *, opens: bool) -> None:
    from tallystick.connectors.http.loopback import Loopback, is_loopback

    written = entrance.auth.redirect_uri
    if not is_loopback(written):
        _paste(entrance, screen, entrance.invite(written), system)
        return
    with Loopback(written, place=system) as door:
        invitation = entrance.invite(door.redirect_uri)
        if not opens:
            _paste(entrance, screen, invitation, system)
            return
        screen.complain(f"Sign in by your browser. If none opens, open this address:\n{invitation.address}")
        # A browser in this terminal comes back only after it has the last page, and that page waits for us.
        threading.Thread(target=webbrowser.open, args=(invitation.address,), daemon=True).start()
        _await_browser(entrance, door, invitation, system)


def _paste(entrance: "Entrance", screen: "Screen", invitation: "Invitation", system: str) -> None:
    screen.complain(f"Open this address in a browser and sign in:\n{invitation.address}")
    screen.complain("Then paste the address where the browser ended, even if it shows no page:")
    pasted = sys.stdin.readline().strip()
    query = urlsplit(pasted).query if "://" in pasted else pasted.lstrip("?")
    if not query:
        raise ProjectError("no address was pasted", hint=f"run `tally login {system} --no-browser` again", place=system)
    entrance.finish(invitation, query)


def _await_browser(entrance: "Entrance", door: "Loopback", invitation: "Invitation", system: str) -> None:
    ends = time.monotonic() + _PATIENCE_SECONDS
    while (left := ends - time.monotonic()) > 0:
        visit = door.wait(left)
        if visit is None:
            break
        if not invitation.is_answered_by(visit.query):
            visit.tell("Not signed in", "This page does not belong to the sign-in that is under way.", 400)
            continue
        try:
            entrance.finish(invitation, visit.query)
        except Error as error:
            visit.tell("Not signed in", f"{error.message}. The command says more.", 400)
            raise
        visit.tell("Signed in", f"Tallystick may now work with {system} for you. You can close this page.")
        return
    raise AccessError(
        "nobody signed in in time",
        hint=f"run `tally login {system}` again; --no-browser if the browser is on another computer",
        place=system,
    )
