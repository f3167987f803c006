"""Where what a sign-in brought is kept."""

from pathlib import Path

import pytest

from tallystick.project.kept import settle_kept
from tallystick.project.manifest import Manifest


def kept_in(place: str) -> str:
    auth = {"type": "oauth2_refresh_token", "token_url": "https://id.test/t", "client_id": "c", "keep_in": place}
    manifest = Manifest.model_validate({"protocol": "rest", "auth": auth})
    return str(getattr(settle_kept(manifest, Path("/srv/project")).auth, "keep_in", ""))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("crm.token", "/srv/project/crm.token"),
        (".tally/crm.token", "/srv/project/.tally/crm.token"),
        ("/etc/crm.token", "/etc/crm.token"),
        ("~/crm.token", "~/crm.token"),
        ("${env:KEPT}/crm.token", "${env:KEPT}/crm.token"),
        ("", ""),
    ],
)
def test_a_relative_place_lies_in_the_project(written: str, meant: str) -> None:
    assert kept_in(written) == meant


def test_a_session_keeps_there_too() -> None:
    manifest = Manifest.model_validate({"protocol": "rest", "auth": {"type": "session", "keep_in": "crm.token"}})
    assert getattr(settle_kept(manifest, Path("/srv/project")).auth, "keep_in", "") == "/srv/project/crm.token"


def test_a_system_that_keeps_nothing_is_left_as_it_is() -> None:
    manifest = Manifest.model_validate({"protocol": "rest"})
    assert settle_kept(manifest, Path("/srv/project")) is manifest
