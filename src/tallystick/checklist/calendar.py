"""What will end by itself, by date: certificates, tokens, secrets, versions of interfaces that were announced to go.

Declared in manifests, read from certificates and from tokens that say so, and heard from headers (RFC 8594, RFC 9745).
Nothing secret gets in: of a token only its end is taken.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final

from tallystick.checklist.runner import owner_of
from tallystick.checklist.scene import Address, Scene, Subject
from tallystick.checklist.watch import Watch
from tallystick.checklist.wire import WIRE, Handshake, ask
from tallystick.core.error import Error, ProjectError
from tallystick.core.ports import Boundary, Call, Flow, Transport
from tallystick.engine.effects import drive
from tallystick.project.load import LoadedProject
from tallystick.project.manifest import Manifest
from tallystick.project.secrets import ProjectSecrets

_TOKEN: Final = re.compile(r"[\w-]+\.([\w-]+)\.[\w-]*")
_OUTDATED: Final = "its Deprecation header"
_DAY: Final = 86_400
_LINE: Final = 73  # octets of a line of a calendar, without the break and the blank of the next
_MOST: Final = 4102444800.0  # what ends after 2099 is no date, but a way to say never


@dataclass(frozen=True, slots=True, order=True)
class Ending:
    """Something of a system that ends ``at`` an instant (seconds UTC). ``source`` says how that is known."""

    at: float
    system: str
    what: str
    source: str
    owner: str = ""

    @property
    def is_over_at_the_end(self) -> bool:
        """Whether it stops working then; what is only called outdated goes on."""
        return self.source != _OUTDATED

    @property
    def day(self) -> str:
        """The day, ISO, UTC."""
        return datetime.fromtimestamp(self.at, UTC).date().isoformat()

    def days_left(self, now: float) -> int:
        """Give the whole days until then; negative when it is over."""
        return int((self.at - now) // _DAY)


def gather_endings(scene: Scene, boundary: Boundary, wire: Transport) -> list[Ending]:
    """Look at every system: its manifest, its certificates, and the headers of one answer for each object in use.

    What does not answer is passed over: whether it can be reached is the question of another room.
    """
    watch = Watch(boundary, wire)
    found: list[Ending] = []
    for system in sorted(scene.readers):
        manifest, owner = scene.loaded.manifests[system], owner_of(scene, Subject(system))
        told = [*_declared(manifest), *_in_tokens(manifest, scene.loaded), *_in_files(manifest, scene.loaded)]
        with suppress(Error):
            told += drive(_certificate(scene.addresses.get(system, Address(""))), watch)
        drive(_touch(scene, system), watch)
        told += _announced(watch.announced.get(system, set()))
        found += [Ending(at, system, what, source, owner) for at, what, source in told if at < _MOST]
    return sorted(set(found))


def _declared(manifest: Manifest) -> Iterator[tuple[float, str, str]]:
    for each in manifest.expires:
        yield datetime.combine(each.on, time(23, 59, 59), UTC).timestamp(), each.what, "declared in the manifest"


def _in_tokens(manifest: Manifest, loaded: LoadedProject) -> Iterator[tuple[float, str, str]]:
    """Read the end of fixed tokens that carry it (JSON Web Tokens)."""
    resolve = ProjectSecrets(loaded.folder).resolve
    for name, value in manifest.auth.model_dump().items():
        if not isinstance(value, str) or not value:
            continue
        with suppress(ProjectError, ValueError, KeyError, TypeError):
            inside = _TOKEN.fullmatch(resolve(value))
            if inside is not None:
                claims = json.loads(base64.urlsafe_b64decode(inside[1] + "=" * (-len(inside[1]) % 4)))
                yield float(claims["exp"]), f"the token of auth.{name}", "the token itself"


def _in_files(manifest: Manifest, loaded: LoadedProject) -> Iterator[tuple[float, str, str]]:
    """Read certificates of our own; without the package that can read them they are passed over."""
    resolve = ProjectSecrets(loaded.folder).resolve
    network = manifest.network
    files = {"our certificate": network.client_cert, "the authority's certificate": network.ca_file}
    for what, written in files.items():
        if not written:
            continue
        with suppress(ImportError, ProjectError, OSError, ValueError):
            from cryptography.x509 import load_pem_x509_certificates

            for each in load_pem_x509_certificates((loaded.folder / Path(resolve(written))).read_bytes()):
                yield each.not_valid_after_utc.timestamp(), what, "the file"


def _certificate(address: Address) -> Flow[list[tuple[float, str, str]]]:
    if not address.is_encrypted or address.proxy_is_opaque:
        return []
    request = Handshake(address.host, address.port, address.ca_file, address.proxy_host, address.proxy_port)
    layer = yield Call(WIRE, ask(request))
    return [(layer.expires, f"the certificate of {address.host}", "the handshake")] if layer.expires else []


def _touch(scene: Scene, system: str) -> Flow[None]:
    """Ask for one page of each object in use, for the sake of the headers."""
    for subject in scene.subjects("object"):
        if subject.system == system:
            with suppress(Error):
                yield Call(system, scene.readers[system].read(subject.object, page_size=1))


def _announced(headers: set[tuple[str, str]]) -> Iterator[tuple[float, str, str]]:
    for name, value in sorted(headers):
        with suppress(ValueError, TypeError):
            if name == "Sunset":
                yield parsedate_to_datetime(value).timestamp(), "this version of the interface", "its Sunset header"
            elif value.startswith("@"):
                yield float(value[1:]), "the interface counts as outdated from then", _OUTDATED


def write_calendar(endings: list[Ending], project: str, now: float) -> str:
    """Write the endings as an iCalendar file (RFC 5545): whole days, with a reminder three weeks before."""
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tallystick//check//EN"]
    for each in endings:
        identity = base64.b32encode(f"{each.system}/{each.what}/{each.source}".encode()).decode().rstrip("=").lower()
        told = f"Project {project}. Known from {each.source}. Owner: {each.owner or 'nobody'}"
        lines += [
            "BEGIN:VEVENT",
            f"UID:{identity}@tallystick",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{each.day.replace('-', '')}",
            f"SUMMARY:{_escaped(f'{each.system}: {each.what} ends')}",
            f"DESCRIPTION:{_escaped(told)}",
            "BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-P21D",
            f"DESCRIPTION:{_escaped(f'{each.system}: {each.what} ends in three weeks')}",
            "END:VALARM", "END:VEVENT",
        ]  # fmt: skip
    return "".join(f"{part}\r\n" for line in [*lines, "END:VCALENDAR"] for part in _folded(line))


def _escaped(text: str) -> str:
    return re.sub(r"([\\;,])", r"\\\1", " ".join(text.split()))


def _folded(line: str) -> Iterator[str]:
    """Break a line that is too long between characters; what follows begins with a blank."""
    part = ""
    for character in line:
        if len((part + character).encode()) > _LINE:
            yield part
            part = " "
        part += character
    yield part


def ending_document(ending: Ending, now: float) -> Mapping[str, Any]:
    """Write one ending as JSON."""
    return {
        "system": ending.system,
        "what": ending.what,
        "day": ending.day,
        "at": ending.at,
        "days_left": ending.days_left(now),
        "source": ending.source,
        "owner": ending.owner,
    }
