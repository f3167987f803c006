"""A Postman collection -> its requests, flat: what folders give to them (variables, authentication, names) is theirs.

Both forms of version 2 are read, which write the same things as text, lists or objects. Nothing is interpreted here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

from tallystick.connectors.describe.openapi_refs import Node, as_list, as_node, as_text
from tallystick.connectors.describe.postman_variables import Variables
from tallystick.core.error import Problem, ProjectError

MAX_FOLDERS: Final = 40
_WANTED: Final = "export the collection as v2.1 (Postman: ... > Export > Collection v2.1)"


@dataclass(frozen=True, slots=True)
class Entry:
    """A parameter, header or form field as it is saved; ``kind`` is ``file`` for an upload."""

    name: str
    value: str
    text: str = ""
    disabled: bool = False
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A saved answer."""

    code: str
    body: str
    headers: tuple[Entry, ...]
    name: str = ""


@dataclass(slots=True)
class Saved:
    """One request with all that counts for it. ``address`` has no query; variables in it are not filled in."""

    method: str
    address: str
    query: tuple[Entry, ...]
    headers: tuple[Entry, ...]
    body: Node
    bodies: tuple[Node, ...]
    """Its own and those that its examples were asked with."""
    auth: Node
    answers: tuple[Answer, ...]
    name: str
    folders: tuple[str, ...]
    text: str
    variables: Variables
    parts: dict[str, str] = field(default_factory=dict)
    """What is said of path variables, by name."""
    script: str = ""


def refuse_strangers(root: Mapping[str, Any], source: str) -> None:
    """Refuse what is no collection of version 2.

    Raises:
        ProjectError: it is an older collection, an environment, or something else.
    """
    if isinstance(root.get("item"), list):
        return
    if isinstance(root.get("requests"), list):
        why, hint = "this is a Postman collection of version 1", _WANTED
    elif isinstance(root.get("values"), list):
        why, hint = "this is a Postman environment", "give the collection with --postman, and this with --variables"
    elif {"openapi", "swagger"} & root.keys():
        why, hint = "this is an OpenAPI document", "give it with --openapi"
    else:
        why, hint = "it has no list 'item'", _WANTED
    raise ProjectError("this is no Postman collection", [Problem(source or "collection", 1, 1, why, hint)], hint=hint)


def saved_requests(root: Mapping[str, Any], variables: Variables) -> Iterator[Saved]:
    """Walk all requests in the order of the collection."""
    yield from _inside(as_list(root.get("item")), (), as_node(root.get("auth")), variables)


def _inside(items: list[Any], folders: tuple[str, ...], auth: Node, variables: Variables) -> Iterator[Saved]:
    for item in map(as_node, items):
        own = variables.within(item.get("variable"))
        if isinstance(item.get("item"), list):
            if len(folders) < MAX_FOLDERS:
                inner = (*folders, as_text(item.get("name")))
                yield from _inside(item["item"], inner, _auth(item, auth), own)
        elif "request" in item:
            yield _saved(item, folders, auth, own)


def _auth(owner: Node, outer: Node) -> Node:
    """An ``auth`` of null, or of the kind ``inherit``, leaves it to the folder."""
    own = as_node(owner.get("auth"))
    return own if own and own.get("type") not in {None, "inherit"} else outer


def _saved(item: Node, folders: tuple[str, ...], auth: Node, variables: Variables) -> Saved:
    request = item["request"] if isinstance(item["request"], dict) else {"url": item["request"], "method": "GET"}
    address, query, parts = _address(request.get("url"))
    answers = [_answer(as_node(each)) for each in as_list(item.get("response"))]
    for each in as_list(item.get("response")):
        # An example may have been asked with parameters that the request itself does not show.
        _, further, _ = _address(as_node(as_node(each).get("originalRequest")).get("url"))
        known = {entry.name for entry in query}
        query += tuple(Entry(e.name, e.value, e.text, disabled=True) for e in further if e.name not in known)
    return Saved(
        method=as_text(request.get("method")).upper() or "GET",
        address=address,
        query=tuple(replace(entry, value=variables.fill(entry.value)) for entry in query),
        headers=tuple(replace(e, value=variables.fill(e.value)) for e in _headers(request.get("header"))),
        body=as_node(request.get("body")),
        bodies=_bodies(request, item),
        auth=_auth(request, _auth(item, auth)),
        answers=tuple(answers),
        name=as_text(item.get("name")),
        folders=folders,
        text=text_of(request.get("description")) or text_of(item.get("description")),
        variables=variables,
        parts=parts,
        script=_script(item),
    )


def text_of(described: Any) -> str:
    """Give a description, which is text or an object with text."""
    return as_text(described) or as_text(as_node(described).get("content"))


def entries_of(listed: Any) -> tuple[Entry, ...]:
    """Read a list of parameters or form fields."""
    return tuple(
        Entry(
            name, as_text(e.get("value")), text_of(e.get("description")), e.get("disabled") is True,
            as_text(e.get("type")),
        )
        for e in map(as_node, as_list(listed))
        if (name := as_text(e.get("key")))
    )  # fmt: skip


def _bodies(request: Node, item: Node) -> tuple[Node, ...]:
    asked = [
        as_node(as_node(as_node(each).get("originalRequest")).get("body")) for each in as_list(item.get("response"))
    ]
    return tuple(body for body in (as_node(request.get("body")), *asked) if body and body.get("disabled") is not True)


def _headers(given: Any) -> tuple[Entry, ...]:
    if isinstance(given, str):
        pairs = [line.partition(":") for line in given.splitlines()]
        return tuple(Entry(name.strip(), value.strip()) for name, _, value in pairs if name.strip())
    return entries_of(given)


def _answer(given: Node) -> Answer:
    code = given.get("code")
    return Answer(
        code=str(code) if isinstance(code, int) else "200",
        body=as_text(given.get("body")),
        headers=_headers(given.get("header")),
        name=as_text(given.get("name")),
    )


def _address(url: Any) -> tuple[str, tuple[Entry, ...], dict[str, str]]:
    """Give an address without its query, the query, and what is said of its path variables."""
    if isinstance(url, str):
        url = {"raw": url}
    url = as_node(url)
    raw, _, asked = as_text(url.get("raw")).partition("#")[0].partition("?")
    address = _joined(url) if url.get("path") or url.get("host") else raw
    listed = entries_of(url.get("query"))
    if not isinstance(url.get("query"), list):
        listed = tuple(Entry(unquote(k), v) for k, v in parse_qsl(asked, keep_blank_values=True))
    variables = map(as_node, as_list(url.get("variable")))
    parts = {as_text(v.get("key")) or as_text(v.get("id")): text_of(v.get("description")) for v in variables}
    return address.strip(), listed, parts


def _joined(url: Node) -> str:
    """Put an address together from its parts."""
    host = url.get("host")
    name = host if isinstance(host, str) else ".".join(as_text(part) for part in as_list(host))
    path = url.get("path")
    steps = (
        path.split("/")
        if isinstance(path, str)
        else [as_text(s) or as_text(as_node(s).get("value")) for s in as_list(path)]
    )
    port = f":{url['port']}" if url.get("port") else ""
    protocol = as_text(url.get("protocol"))
    # {{baseUrl}} brings its own protocol, and it is written nowhere else then.
    head = f"{protocol}://{name}" if protocol and not name.startswith("{{") else name
    return "/".join((f"{head}{port}", *(step for step in steps if step)))


def _script(item: Node) -> str:
    """Give what runs after the answer."""
    lines: list[str] = []
    for event in map(as_node, as_list(item.get("event"))):
        if event.get("listen") == "test":
            run = as_node(event.get("script")).get("exec")
            lines += [run] if isinstance(run, str) else [as_text(line) for line in as_list(run)]
    return "\n".join(lines)
