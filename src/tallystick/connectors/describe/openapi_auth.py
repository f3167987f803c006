"""How a system wants to be told who is asking: declared schemes, ordinary parameters, hints in prose.

The manifest gets the way that suits an unattended job best; every other declared way is named in the fact. Secrets
are references to environment variables called after the system.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tallystick.connectors.describe.openapi_calls import Call
from tallystick.connectors.describe.openapi_oauth import Surface, aws_of, flows_of, grants_of, is_aws
from tallystick.connectors.describe.openapi_refs import Document, Node, as_list, as_node, as_text
from tallystick.connectors.describe.openapi_words import snake, squeeze, words_of
from tallystick.project.manifest import Fact
from tallystick.project.manifest_auth import (
    ApiKeyAuth,
    Auth,
    BasicAuth,
    BearerAuth,
    DigestAuth,
    NoAuth,
    OAuth1Auth,
    RefreshTokenAuth,
)

_GRANT_RANKS: Final = {"clientCredentials": 0, "password": 5}
_KEY_NAME: Final = re.compile(
    r"^(x)?(\w*?)(apikey|apitoken|accesstoken|authtoken|authkey|accesskey|apisecret|appkey|apppassword|authorization"
    r"|subscriptionkey|apiaccesstoken|secretkey|token|appid|apiuser|apilogin|login|secret|clientsecret|clientid|username"
    r"|password|integrationcode|userkey|sessionid|sessiontoken|appsecret|consumerkey|apisecretkey)$"
)
_SURE_NAME: Final = re.compile(
    r"(apikey|apitoken|accesstoken|authtoken|authkey|accesskey|authorization|subscriptionkey)$"
)
_MIN_SHARE: Final = 0.4


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to authenticate, in the words of facts: ``basic``, ``apikey-header:X-Key``, ``oauth2:implicit``."""

    label: str
    rank: int
    auth: Auth


@dataclass(slots=True)
class AuthVerdict:
    """The chosen way, all ways found, and what a person has to do."""

    auth: Auth
    fact: Fact
    kinds: tuple[str, ...]
    notes: list[str]
    headers: dict[str, str] = field(default_factory=dict)
    """Further keys that must be sent in every request beside the chosen way."""


def find_auth(document: Document, calls: list[Call], prose: str, system: str, base_url: str = "") -> AuthVerdict:
    """Find how to authenticate; ``system`` names the environment variables, relative addresses lie at ``base_url``."""
    declared = _used(document, calls)
    kinds = [
        kind
        for name, node in declared.items()
        for kind in _declared(node, Surface(system, base_url, _scopes(document, calls, name)), name)
    ]
    if kinds:
        verdict = _choose(kinds, "declared", "security schemes", [])
        _add_keys(verdict, _together(document, calls), declared, system)
        return verdict
    ordinary = _ordinary(calls, system)
    if ordinary:
        because = "no scheme is declared, but ordinary parameters look like credentials"
        verdict = _choose(ordinary, "inferred", because, [])
        chosen = verdict.auth.name if isinstance(verdict.auth, ApiKeyAuth) else ""
        keys = [kind.auth for kind in ordinary if isinstance(kind.auth, ApiKeyAuth) and kind.auth.location == "header"]
        verdict.headers = {k.name: _secret(system, snake(k.name).upper()) for k in keys if k.name != chosen}
        return verdict
    hinted = _hinted(prose, calls, system)
    if hinted:
        return _choose(hinted, "inferred", "no scheme is declared, but the description hints at it", [])
    note = "No authentication is described. Most systems want one; ask for it."
    return AuthVerdict(NoAuth(), Fact(label="inferred", because="nothing is declared"), (), [note])


def _choose(kinds: list[Kind], label: str, because: str, notes: list[str]) -> AuthVerdict:
    chosen = min(kinds, key=lambda kind: kind.rank)
    names = tuple(dict.fromkeys(kind.label for kind in kinds))
    fact = Fact.model_validate({"label": label, "because": f"{because}: {', '.join(names)}; chosen: {chosen.label}"})
    if chosen.label.startswith("oauth2:") and isinstance(chosen.auth, BearerAuth):
        notes = [
            *notes,
            f"A token has to be fetched by a person first ({chosen.label}) and put where auth.token points.",
        ]
    if isinstance(chosen.auth, RefreshTokenAuth):
        notes = [
            *notes,
            "A person signs in once, with `tally login`; register the redirect address http://127.0.0.1 for it.",
        ]
    if label == "inferred" and len(names) > 1:
        notes = [*notes, f"Several credentials may be needed together: {', '.join(names)}."]
    return AuthVerdict(chosen.auth, fact, names, notes)


def _used(document: Document, calls: list[Call]) -> dict[str, Node]:
    """The schemes that operations ask for; all of them if none is asked for."""
    schemes = document.security_schemes
    asked: dict[str, None] = {}
    for security in (document.root.get("security"), *(call.security for call in calls)):
        for requirement in as_list(security):
            asked.update(dict.fromkeys(name for name in as_node(requirement) if name in schemes))
    return {**{name: schemes[name] for name in asked}, **schemes}


def _scopes(document: Document, calls: list[Call], name: str) -> tuple[str, ...]:
    """The scopes that are asked for with one scheme, in their order."""
    found: dict[str, None] = {}
    for security in (document.root.get("security"), *(call.security for call in calls)):
        for requirement in as_list(security):
            found.update(dict.fromkeys(as_text(scope) for scope in as_list(as_node(requirement).get(name))))
    return tuple(scope for scope in found if scope)


def _together(document: Document, calls: list[Call]) -> tuple[str, ...]:
    """The schemes that are asked for at once, if that is the usual requirement."""
    securities = (document.root.get("security"), *(call.security for call in calls))
    asked = [tuple(as_node(requirement)) for security in securities for requirement in as_list(security)]
    usual = max(dict.fromkeys(asked), key=Counter(asked).__getitem__, default=())
    return usual if len(usual) > 1 else ()


def _add_keys(verdict: AuthVerdict, together: tuple[str, ...], schemes: dict[str, Node], system: str) -> None:
    """Put the header keys that go with the chosen way where every request carries them."""
    if not together:
        return
    chosen = verdict.auth.name if isinstance(verdict.auth, ApiKeyAuth) else ""
    for name in together:
        node = schemes.get(name, {})
        header = as_text(node.get("name"))
        if node.get("type") == "apiKey" and node.get("in") == "header" and header and header != chosen:
            verdict.headers[header] = _secret(system, snake(header).upper())
    told = f"The system wants {' and '.join(together)} together"
    verdict.notes.append(told + ("; the further keys are in network.headers." if verdict.headers else "; see auth."))


def _secret(system: str, what: str) -> str:
    return f"${{env:{system}_{what}}}"


def _declared(node: Node, around: Surface, name: str) -> list[Kind]:
    system = around.system
    if is_aws(node):
        return [Kind("aws-sigv4", 1, aws_of(node, around))]
    kind = squeeze(as_text(node.get("type")))
    if kind == "basic" or (kind == "http" and as_text(node.get("scheme")).lower() == "basic"):
        return [_basic(system)]
    if kind == "http" and as_text(node.get("scheme")).lower() == "bearer":
        return [_bearer(system, "bearer", 2, _word(node, name))]
    if kind == "http" and (own := _own_way(as_text(node.get("scheme")).lower(), around)) is not None:
        return [own]
    if kind == "http":
        return [_bearer(system, f"http:{as_text(node.get('scheme'))}", 8, as_text(node.get("scheme")) or "Bearer")]
    if kind == "apikey":
        return _key(as_text(node.get("name")), as_text(node.get("in")), system, node)
    if kind == "oauth2":
        return _oauth(node, around)
    return [_bearer(system, "openIdConnect", 7)] if kind == "openidconnect" else []


def _own_way(scheme: str, around: Surface) -> Kind | None:
    """The schemes of HTTP that work something out for each request, by their registered names."""
    if scheme == "digest":
        user, password = around.secret("USER"), around.secret("PASSWORD")
        return Kind("http:digest", 3, DigestAuth(type="digest", username=user, password=password))
    if scheme == "oauth":
        names = ("consumer_key", "consumer_secret", "token", "token_secret")
        secrets = {name: around.secret(name.upper()) for name in names}
        return Kind("http:oauth", 3, OAuth1Auth.model_validate({"type": "oauth1"} | secrets))
    return None


def _word(node: Node, name: str) -> str:
    """A bearer format such as ``Token your_token`` names another word for the header."""
    first = re.match(r"(Token|JWT|ApiKey|Key|OAuth|Bot)\s+\S", as_text(node.get("bearerFormat")))
    return first[1] if first and squeeze(name) else "Bearer"


def _basic(system: str) -> Kind:
    return Kind(
        "basic", 3, BasicAuth(type="basic", username=_secret(system, "USER"), password=_secret(system, "PASSWORD"))
    )


def _bearer(system: str, label: str, rank: int, scheme: str = "Bearer") -> Kind:
    return Kind(label, rank, BearerAuth(type="bearer", token=_secret(system, "TOKEN"), scheme=scheme))


def _key(name: str, place: str, system: str, node: Node) -> list[Kind]:
    if place not in {"header", "query"} or not name:
        return [Kind(f"apikey-{place}:{name}", 9, NoAuth())] if name else []
    text = as_text(node.get("description")) + as_text(node.get("x-example"))
    if name.lower() == "authorization":
        scheme = re.search(r"\b(Bearer|Token|Basic|ApiKey|OAuth)\b[\s'\"`:]*[<{\[$\w]", text) or re.search(
            r"\bprefix(?:ed)?\b(?:\s(?:is|with|by|of))?[\s'\"`:=]*([A-Za-z][\w-]{1,20})", text
        )
        if scheme and scheme[1] != "Basic":
            return [Kind(f"apikey-header:{name}", 1, _bearer(system, "", 1, scheme[1]).auth)]
    location = "header" if place == "header" else "query"
    auth = ApiKeyAuth.model_validate(
        {"type": "api_key", "name": name, "value": _secret(system, "TOKEN"), "location": location}
    )
    return [Kind(f"apikey-{place}:{name}", 1 if place == "header" else 4, auth)]


def _oauth(node: Node, around: Surface) -> list[Kind]:
    flows = flows_of(node)
    if not flows:
        return [_bearer(around.system, "oauth2", 6)]
    grants = grants_of(flows, around)
    return [
        Kind(f"oauth2:{flow}", _GRANT_RANKS.get(flow, 6), grants[flow])
        if flow in grants
        else _bearer(around.system, f"oauth2:{flow}", 7)
        for flow in flows
    ]


def _ordinary(calls: list[Call], system: str) -> list[Kind]:
    """Header and query parameters that most operations take and that are called like credentials."""
    counts: dict[tuple[str, str], int] = {}
    told: set[str] = set()
    for call in calls:
        for parameter in call.parameters:
            if parameter.place in {"header", "query"}:
                key = (parameter.place, parameter.name)
                counts[key] = counts.get(key, 0) + 1
                if re.search(r"\bapi[- ]?key\b", parameter.description, re.IGNORECASE):
                    told.add(parameter.name)
    likely = [
        (place, name)
        for (place, name), count in counts.items()
        if (_KEY_NAME.match(squeeze(name)) or name in told) and count >= _MIN_SHARE * len(calls)
    ]
    sure = {"token", "key", "secret", "password"}
    if not any(name in told or _SURE_NAME.search(squeeze(name)) or words_of(name)[-1] in sure for _, name in likely):
        return []
    return [kind for place, name in likely for kind in _key(name, place, system, {})]


_HINTS: Final = (
    (r"\bAuthorization\s*:?\s*['\"`]?\s*Bearer\b|\bbearer[- ](token|auth\w*)", "bearer"),
    (r"\bbasic[- ]auth\w*|Authorization\s*:\s*Basic\b", "basic"),
    (r"Authorization\W{1,4}(token|api-?key|key)\b", "scheme"),
    (r"(?:header\W{1,4}|--header\s+['\"]|-H\s+['\"]|`)(X-[\w-]*(?:Key|Token)|Api-Key)\b", "key"),
)


def _hinted(prose: str, calls: list[Call], system: str) -> list[Kind]:
    found: list[Kind] = []
    for pattern, kind in _HINTS:
        hit = re.search(pattern, prose, re.IGNORECASE)
        if hit and kind == "key":
            found += _key(hit[1], "header", system, {})
        elif hit and kind == "scheme":
            found.append(_bearer(system, "apikey-header:Authorization", 2, hit[1]))
        elif hit:
            found.append(_bearer(system, "bearer", 2) if kind == "bearer" else _basic(system))
    if not found and re.search(r"\bOAuth\s?2", prose, re.IGNORECASE):
        found.append(_bearer(system, "oauth2", 6))
    if not found and any(_is_login(call) for call in calls):
        found.append(_bearer(system, "bearer", 2))
    return found


def _is_login(call: Call) -> bool:
    """A token is fetched by an operation of its own."""
    last = snake(call.key[-1]) if call.key else ""
    return call.method == "POST" and last in {"token", "tokens", "login", "authenticate", "signin", "access_token"}
