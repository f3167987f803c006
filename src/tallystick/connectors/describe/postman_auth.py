"""How a Postman collection authenticates -> security schemes as an OpenAPI document has them; never a value."""

from collections.abc import Mapping
from typing import Any, Final

from tallystick.connectors.describe.openapi_oauth import AWS_SCHEME
from tallystick.connectors.describe.openapi_refs import Node, as_list, as_node, as_text
from tallystick.connectors.describe.postman_variables import VARIABLE, Variables

_FLOWS: Final = {
    "client_credentials": "clientCredentials", "authorization_code": "authorizationCode",
    "authorization_code_with_pkce": "authorizationCode", "password_credentials": "password", "implicit": "implicit",
}  # fmt: skip
_SCHEMES: Final = {"basic": "basic", "bearer": "bearer", "digest": "digest", "oauth1": "OAuth"}
_OWN_WAYS: Final = {
    "ntlm": "NTLM", "hawk": "Hawk", "edgegrid": "EdgeGrid signatures", "asap": "ASAP tokens",
}  # fmt: skip


def settings_of(auth: Node) -> tuple[str, dict[str, str]]:
    """Give the kind of an ``auth`` entry and its settings: a list of keys in v2.1, an object in v2.0."""
    kind = as_text(auth.get("type"))
    given = auth.get(kind)
    if isinstance(given, dict):
        return kind, {key: value for key, value in given.items() if isinstance(value, str)}
    entries = map(as_node, as_list(given))
    return kind, {as_text(e.get("key")): value for e in entries if isinstance(value := e.get("value"), str)}


def scheme_of(auth: Node, variables: Variables) -> Node:
    """Give the security scheme of an ``auth`` entry; empty where there is none that is known here."""
    kind, settings = settings_of(auth)
    match kind:
        case "basic" | "bearer" | "digest" | "oauth1":
            return {"type": "http", "scheme": _SCHEMES[kind]}
        case "awsv4":
            told = {key: variables.fill(settings.get(key, "")) for key in ("region", "service")}
            return {"type": "http", "scheme": AWS_SCHEME} | {f"x-{key}": t for key, t in told.items() if "{{" not in t}
        case "apikey":
            return _key(variables.fill(settings.get("key", "")), settings)
        case "jwt":
            return _worded(settings.get("headerPrefix", "Bearer"))
        case "oauth2":
            return _oauth(settings, variables)
        case _:
            return {}


def scheme_of_header(value: str) -> Node:
    """Give the scheme that a header ``Authorization: Token {{token}}`` shows."""
    word, _, rest = value.strip().partition(" ")
    if rest.strip() and word.isascii() and word.replace("-", "").isalnum():
        return _worded(word)
    return _key("Authorization", {})


def told_of(auth: Node) -> str:
    """Say of an ``auth`` entry what cannot be taken over; empty if nothing."""
    kind, settings = settings_of(auth)
    if kind in _OWN_WAYS:
        return f"The collection authenticates with {_OWN_WAYS[kind]}; write auth by hand."
    if kind == "oauth2" and settings.get("addTokenTo", "header") != "header":
        return "The collection sends its token in the address; look at auth."
    if kind and not scheme_like(kind):
        return f"The collection authenticates with '{kind}', which is not known here; write auth by hand."
    return ""


def scheme_like(kind: str) -> bool:
    """Whether a kind of ``auth`` is one that is understood."""
    return kind in {*_SCHEMES, "apikey", "jwt", "oauth2", "awsv4", "noauth"}


def variables_in(auth: Node) -> frozenset[str]:
    """Name the variables that an ``auth`` entry reads its secrets from."""
    _, settings = settings_of(auth)
    return frozenset(name for value in settings.values() for name in VARIABLE.findall(value))


def _worded(word: str) -> Node:
    word = word.strip() or "Bearer"
    return {"type": "http", "scheme": word.lower() if word.lower() in {"basic", "bearer"} else word}


def _key(name: str, settings: Mapping[str, Any]) -> Node:
    if not name or "{{" in name:
        return {}
    place = "query" if settings.get("in") == "query" else "header"
    word, _, rest = as_text(settings.get("value")).strip().partition(" ")
    if name.lower() == "authorization" and rest.strip() and "{{" not in word:
        return _worded(word)
    return {"type": "apiKey", "in": place, "name": name}


def _oauth(settings: Mapping[str, str], variables: Variables) -> Node:
    flow = _FLOWS.get(settings.get("grant_type", ""), "authorizationCode")
    prefix = settings.get("headerPrefix", "Bearer").strip()
    if flow != "clientCredentials" and prefix.lower() not in {"bearer", ""}:
        return _worded(prefix)
    told = {"tokenUrl": "accessTokenUrl", "authorizationUrl": "authUrl"}
    urls = {name: variables.fill(settings.get(key, "")) for name, key in told.items()}
    return {
        "type": "oauth2",
        "flows": {flow: {name: "" if "{{" in url else url.partition("?")[0] for name, url in urls.items()}},
    }
