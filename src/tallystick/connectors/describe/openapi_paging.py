"""How a listing is read page by page: from its parameters first, from its answer second, from prose last.

Where nothing is declared the listing counts as one page and the manifest says so; a style is never made up.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.connectors.describe.openapi_answers import Listing
from tallystick.connectors.describe.openapi_calls import Call, Parameter
from tallystick.connectors.describe.openapi_ends import Ends, find_ends
from tallystick.connectors.describe.openapi_params import (
    Role,
    default_of,
    describe_parameter,
    first_page_of,
    maximum_of,
    role_of,
)
from tallystick.connectors.describe.openapi_refs import as_node, as_text
from tallystick.connectors.describe.openapi_schema import Shape, Shapes
from tallystick.project.manifest import Fact
from tallystick.project.manifest_paging import (
    CursorPaging,
    LinkPaging,
    NextUrlPaging,
    NoPaging,
    OffsetPaging,
    PagePaging,
    Paging,
)


@dataclass(slots=True)
class PagingVerdict:
    """The paging of a listing, how sure it is, and what is left to be found out."""

    paging: Paging
    fact: Fact
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One paging parameter with its shape."""

    parameter: Parameter
    shape: Shape

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def text(self) -> str:
        return describe_parameter(self.parameter, self.shape)


Roles = dict[Role, _Asked]


def find_paging(shapes: Shapes, call: Call, listing: Listing, id_path: str, prose: str) -> PagingVerdict:
    """Decide how a listing is paged. ``prose`` is the description of the whole API."""
    roles = _roles(shapes, call)
    ends = find_ends(shapes, call, listing)
    place = "body field" if call.method == "POST" and not has_query_paging(shapes, call) else "parameter"
    for build in (_cursor, _page, _offset, _answer_only):
        verdict = build(roles, ends, id_path, place)
        if verdict:
            return verdict
    return _from_prose(prose, call) or _nothing(roles)


def has_query_paging(shapes: Shapes, call: Call) -> bool:
    """Whether the position is asked for in the query."""
    return any(role_of(p, shapes.of(p.schema)) not in {"", "size", "back"} for p in call.query())


def _roles(shapes: Shapes, call: Call) -> Roles:
    parameters = call.query()
    if call.method == "POST":
        parameters += _body_parameters(shapes, call)
    roles: Roles = {}
    for parameter in parameters:
        shape = shapes.of(parameter.schema)
        role = role_of(parameter, shape)
        if role and (role not in roles or _is_better(parameter, roles[role].parameter)):
            roles[role] = _Asked(parameter, shape)
    return roles


def _body_parameters(shapes: Shapes, call: Call) -> list[Parameter]:
    body = shapes.of(call.body)
    found = []
    for name, schema in body.properties.items():
        inner = shapes.of(schema)
        text = as_text(inner.keywords.get("description"))
        found.append(Parameter(name, "body", schema, text))
        if name.lower() in {"page", "paging", "pagination", "pageable", "cursor", "options"}:
            found += [Parameter(f"{name}.{sub}", "body", part) for sub, part in inner.properties.items()]
    return found


_STRONGEST: Final = ("page", "limit", "pageSize", "per_page", "cursor", "offset", "page_size", "$top", "$skip")


def _is_better(new: Parameter, old: Parameter) -> bool:
    """Of two parameters for one thing, the customary name wins; else the first."""
    return new.name in _STRONGEST and old.name not in _STRONGEST


def _sized(roles: Roles, key: str = "size") -> dict[str, Any]:
    """The size settings of a paging style: the largest page allowed, else the system's default, else ours."""
    asked = roles.get("size")
    if asked is None:
        return {}
    largest = maximum_of(asked.parameter, asked.shape)
    usual = default_of(asked.parameter, asked.shape)
    settings: dict[str, Any] = {f"{key}_param": asked.name}
    if largest:
        settings[f"max_{key}"] = largest
    if largest or usual:
        settings[key] = min(largest or 1000, 1000) if largest else usual
    return settings


def _declared(because: str) -> Fact:
    return Fact(label="declared", because=because)


def _inferred(because: str) -> Fact:
    return Fact(label="inferred", because=because)


def _cursor(roles: Roles, ends: Ends, id_path: str, place: str) -> PagingVerdict | None:
    asked = roles.get("cursor") or roles.get("after_id")
    vague = asked is not None and (_is_vague(asked) or "cursor" not in roles)
    if asked is None or (vague and ("page" in roles or "offset" in roles) and not ends.token):
        return None
    by_id = "cursor" not in roles or _is_record_id(asked)
    said = f"{place} '{asked.name}'"
    sized = _sized(roles)
    common: dict[str, Any] = {"type": "cursor", "cursor_param": asked.name, "has_more": ends.has_more, **sized}
    if ends.token:
        return PagingVerdict(
            CursorPaging(**common, next=ends.token), _declared(f"{said}; the next one is at {ends.token}")
        )
    if ends.url:
        # The address is the safer way: whether the item named by the cursor comes again need not be known.
        kind = "the id of a record" if by_id else "a token"
        because = f"{said} takes {kind}; the answer has the whole next address at {ends.url}"
        return PagingVerdict(NextUrlPaging(type="next_url", next=ends.url, **sized), _declared(because))
    if by_id:
        because = f"{said} takes the id of the last record"
        return PagingVerdict(CursorPaging(**common, from_last=id_path), _inferred(because))
    if ends.link_header:
        because = f"{said}; the answer has a Link header"
        return PagingVerdict(LinkPaging(type="link", **sized), _declared(because))
    note = f"the {said} asks for the next page, but where the answer carries it is not described"
    return PagingVerdict(CursorPaging(**common), _declared(said), [note])


def _is_vague(asked: _Asked) -> bool:
    return asked.name.lower() in {"next", "after", "token", "from", "start", "nextpage", "next_page"}


def _is_record_id(asked: _Asked) -> bool:
    return bool(re.search(r"object ID|\bID of (the|a) (last|first)", asked.text)) and "token" not in asked.text.lower()


def _page(roles: Roles, ends: Ends, _id_path: str, place: str) -> PagingVerdict | None:
    asked = roles.get("page")
    if asked is None:
        return None
    paging = PagePaging(
        type="page",
        page_param=asked.name,
        first=first_page_of(asked.shape, asked.text),
        total=ends.total,
        pages=ends.pages,
        **_sized(roles),
    )
    return PagingVerdict(paging, _declared(f"{place} '{asked.name}'"))


def _offset(roles: Roles, ends: Ends, _id_path: str, place: str) -> PagingVerdict | None:
    asked = roles.get("offset")
    if asked is None or (_is_bare_start(asked) and "size" not in roles):
        return None
    sized = _sized(roles, "limit")
    if "limit_param" not in sized:
        sized["limit_param"] = ""
    paging = OffsetPaging(type="offset", offset_param=asked.name, total=ends.total, **sized)
    return PagingVerdict(paging, _declared(f"{place} '{asked.name}'"))


def _is_bare_start(asked: _Asked) -> bool:
    return asked.name.lower() in {"from", "start", "begin", "index", "first", "position"}


def _answer_only(roles: Roles, ends: Ends, _id_path: str, _place: str) -> PagingVerdict | None:
    sized = _sized(roles)
    if ends.url:
        because = f"no parameter, but the answer has the next address at {ends.url}"
        return PagingVerdict(NextUrlPaging(type="next_url", next=ends.url, **sized), _inferred(because))
    if ends.link_header:
        return PagingVerdict(LinkPaging(type="link", **sized), _declared("the answer has a Link header"))
    if ends.token:
        note = f"the answer carries a cursor at {ends.token}, but no parameter is declared that takes it"
        return PagingVerdict(NoPaging(), _inferred(note), [note])
    return None


def _nothing(roles: Roles) -> PagingVerdict:
    if "size" in roles:
        name = roles["size"].name
        note = f"only the size of the listing can be asked for ('{name}'); how to go on is not described"
        return PagingVerdict(NoPaging(), _inferred(note), [note])
    return PagingVerdict(NoPaging(), _inferred("nothing about pages is described"), [])


# --- prose ----------------------------------------------------------------------------------------------------------

_TALK: Final = re.compile(r"pagina|\bpag(e|es|ing)\b|\boffset\b", re.IGNORECASE)
_NAMED: Final = re.compile(
    r"""(?:[?&]|[`'"*]|<(?:code|b|td|li|strong)>|\|\s?)([A-Za-z][\w\[\]$-]{1,24})(?:=|[`'"*]|</(?:code|b|td|li|strong)>|\s?\|)"""
)
_WINDOW: Final = 500


def _from_prose(prose: str, call: Call) -> PagingVerdict | None:
    """Find ``limit`` and ``offset`` (or ``page``) written as parameters where the description speaks of pages."""
    if call.method != "GET":
        return None
    named: dict[Role, Parameter] = {}
    for talk in _TALK.finditer(prose):
        window = prose[max(0, talk.start() - _WINDOW // 2) : talk.end() + _WINDOW]
        for found in _NAMED.finditer(window):
            parameter = Parameter(found[1], "query")
            role = role_of(parameter, Shape())
            if role:
                named.setdefault(role, parameter)
    if "size" not in named or not {"offset", "page"} & named.keys():
        return None
    roles: Roles = {role: _Asked(parameter, Shape()) for role, parameter in named.items()}
    verdict = _offset(roles, Ends(), "", "parameter") or _page(roles, Ends(), "", "parameter")
    if verdict:
        verdict.fact = _inferred("the parameters are named only in the description's prose")
    return verdict


def prose_of(root: Any) -> str:
    """All text about the API as a whole: its description and its tags'."""
    parts = [as_text(as_node(as_node(root).get("info")).get("description"))]
    tags = as_node(root).get("tags")
    parts += [as_text(as_node(tag).get("description")) for tag in tags] if isinstance(tags, list) else []
    return "\n".join(parts)
