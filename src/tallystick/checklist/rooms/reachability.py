"""C5: can the system be reached from here? Name, connection, encryption and service are asked one after the other.

The first layer that does not answer is the finding; those above it are not asked. Run it where the runs will be.
"""

from datetime import UTC, date, datetime
from typing import Any, Final

from tallystick.checklist.room import Room
from tallystick.checklist.scene import Address, Scene, Subject
from tallystick.checklist.survey import walk
from tallystick.checklist.wire import WIRE, Connect, Handshake, Layer, Resolve, ask
from tallystick.core.checks import Facts, Judgement
from tallystick.core.error import AccessError, Error, Throttled, Unavailable
from tallystick.core.ports import Call, Flow, Now

_DAY: Final = 86_400
_SOON_DAYS: Final = 21


def probe(scene: Scene, subject: Subject) -> Flow[Facts]:
    """Ask layer after layer, then the service itself."""
    address = scene.addresses.get(subject.system, Address(""))
    now = yield Now()
    layers: list[dict[str, Any]] = []
    facts: dict[str, Any] = {
        "host": address.host, "port": address.port, "note": address.note, "layers": layers, "now": now,
        "declared": [[each.what, each.on.isoformat()] for each in scene.manifest(subject).expires],
        "proxy": f"{address.proxy_host}:{address.proxy_port}" if address.proxy_host else "",
    }  # fmt: skip
    if address.port:
        yield from _below(address, layers)
    if all(layer["answered"] for layer in layers):
        layers.append((yield from _service(scene, subject, facts)))
    return facts


def _below(address: Address, layers: list[dict[str, Any]]) -> Flow[None]:
    through = address.proxy_host or address.host
    port = address.proxy_port or address.port
    steps: list[tuple[str, Resolve | Connect | Handshake]] = [
        ("name", Resolve(through, port)),
        ("connection", Connect(through, port)),
    ]
    # Through a proxy that is encrypted itself or wants a login, only the service layer can ask.
    if address.is_encrypted and not address.proxy_is_opaque:
        proxy = (address.proxy_host, address.proxy_port)
        steps.append(("encryption", Handshake(address.host, address.port, address.ca_file, *proxy)))
    for name, request in steps:
        try:
            layer: Layer = yield Call(WIRE, ask(request))
        except Error as failure:
            layers.append(_failed(_layer_of(failure, name), failure))
            return
        said = [*layer.said, *([f"seen from {layer.origin}"] if layer.origin else [])]
        row = {"layer": name, "answered": True, "said": said, "milliseconds": layer.milliseconds}
        layers.append(row | ({"expires": layer.expires} if layer.expires else {}))


def _layer_of(failure: Error, usual: str) -> str:
    """Name the layer that a failure is of: a refusal knows it."""
    return failure.layer if isinstance(failure, AccessError) and failure.layer != "service" else usual


def _failed(name: str, failure: Error) -> dict[str, Any]:
    return {"layer": name, "answered": False, "said": [str(failure)], "hint": failure.hint}


def _service(scene: Scene, subject: Subject, facts: dict[str, Any]) -> Flow[dict[str, Any]]:
    """Any answer of the service counts, a refusal too: it is there."""
    name = "service"
    for one in scene.subjects("object"):
        if one.system != subject.system:
            continue
        found = yield from walk(scene, one)
        if found.sizes:
            if found.server_time is not None:
                facts["clock_off"] = round(found.server_time - found.started)
                facts["skew"] = scene.reader(one).capabilities(one.object).skew
            return {"layer": name, "answered": True, "said": [f"{one.object} answers"]}
        failure = found.failure
        if isinstance(failure, Unavailable) or (isinstance(failure, AccessError) and failure.layer != "service"):
            return _failed(_layer_of(failure, name), failure)
        if isinstance(failure, AccessError):
            return {"layer": name, "answered": True, "said": [f"it answers, and lets us not in: {failure}; see C4"]}
        if isinstance(failure, Throttled):
            return {"layer": name, "answered": True, "said": ["it answers, but asks us to wait"]}
        if failure is not None:
            return {"layer": name, "answered": True, "said": [f"it answers: {failure}"]}
    return {"layer": name, "answered": True, "said": ["nothing to ask for: the manifest has no listing"], "open": True}


def judge(facts: Facts) -> list[Judgement]:
    """The first layer without an answer is the failure."""
    layers = facts["layers"]
    told = tuple(_told(layer) for layer in layers)
    where = f"{facts['host']} port {facts['port']}" if facts["port"] else facts["note"] or "the system"
    where += f" through the proxy {facts['proxy']}" if facts["proxy"] else ""
    silent = [layer for layer in layers if not layer["answered"]]
    if silent:
        return [Judgement("fail", f"{where}: no answer from the {silent[0]['layer']}", told, silent[0]["hint"])]
    if layers[-1].get("open"):
        return [Judgement("cannot_tell", f"{where}: the layers below answer, the service was not asked", told)]
    expiring, clock = _expiring(facts), _clock(facts)
    if expiring or clock:
        renew = "ask the system's owner to renew it in time"
        right = "set the clock right (NTP), or declare the difference in the manifest: claims.skew_seconds"
        fix = "; ".join([renew] * bool(expiring) + [right] * bool(clock))
        return [Judgement("warn", f"{where} answers, but {' and '.join(expiring + clock)}", told, fix)]
    return [Judgement("pass", f"{where} answers on every layer", told, about=("base_url",) if facts["port"] else ())]


def _told(layer: Facts) -> str:
    took = f" in {layer['milliseconds']} ms" if "milliseconds" in layer else ""
    return f"{layer['layer']}: {', '.join(layer['said'])}{took}"


def _expiring(facts: Facts) -> list[str]:
    ends = [layer["expires"] for layer in facts["layers"] if "expires" in layer]
    days = [int((end - facts["now"]) // _DAY) for end in ends]
    soon = [f"the certificate expires in {left} days" for left in days if left < _SOON_DAYS]
    today = datetime.fromtimestamp(facts["now"], UTC).date()
    for what, on in facts.get("declared", ()):
        left = (date.fromisoformat(on) - today).days
        if left < _SOON_DAYS:
            soon.append(f"{what} expires in {left} days" if left >= 0 else f"{what} has expired")
    return soon


def _clock(facts: Facts) -> list[str]:
    off = facts.get("clock_off", 0)
    if abs(off) <= max(2, facts.get("skew", 0)):
        return []
    return [f"its clock is {abs(off)} seconds {'ahead of' if off > 0 else 'behind'} ours"]


ROOM = Room("system", "a name look-up, a connection, a handshake, and the first page of one object", probe, judge)
