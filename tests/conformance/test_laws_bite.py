"""A connector that lies is caught: each lie breaks the law that is about it, so no law is idle."""

from dataclasses import replace
from typing import ClassVar

import pytest

from tallystick.connectors.memory import MemoryTransport, open_system
from tallystick.core.error import Absent, Stale
from tallystick.project.manifest import Manifest
from tallystick.testing.conformance import ConnectorConformance


class LyingTransport(MemoryTransport):
    """Answers as told by ``lie(request, honest)``."""

    lie = staticmethod(lambda request, honest: honest(request))

    def answer(self, request):
        return type(self).lie(request, super().answer)


def drops_a_row(request, honest):
    answer = honest(request)
    return (*answer[:2], answer[2][1:], answer[3]) if request.verb == "list" and request.arguments["after"] else answer


def repeats_a_row(request, honest):
    answer = honest(request)
    return (*answer[:2], [*answer[2], *answer[2][:1]], answer[3]) if request.verb == "list" else answer


def since_is_exclusive(request, honest):
    if request.verb == "list" and request.arguments["since"] is not None:
        arguments = request.arguments | {"since": request.arguments["since"] + 0.5}
        request = replace(request, arguments=arguments)
    return honest(request)


def since_is_ignored(request, honest):
    if request.verb == "list":
        request = replace(request, arguments=request.arguments | {"since": None})
    return honest(request)


def forgets_where_it_was(request, honest):
    if request.verb == "list":
        request = replace(request, arguments=request.arguments | {"after": None})
    return honest(request)


def ignores_versions(request, honest):
    if request.verb == "update":
        request = replace(request, arguments={"update": replace(request.arguments["update"], version=None)})
    if request.verb == "delete":
        request = replace(request, arguments=request.arguments | {"version": None})
    return honest(request)


def updates_create(request, honest):
    try:
        return honest(request)
    except Absent:
        if request.verb != "update":
            raise
        update = request.arguments["update"]
        return honest(replace(request, verb="create", arguments={"body": {"name": "x", **update.patch}, "key": ""}))


def mixes_outcomes(request, honest):
    answer = honest(request)
    return answer[::-1] if request.verb in {"create_many", "update_many"} and len(answer) > 3 else answer


def loses_umlauts(request, honest):
    if request.verb == "create":
        body = {
            k: v.encode("ascii", "replace").decode() if isinstance(v, str) else v
            for k, v in request.arguments["body"].items()
        }
        request = replace(request, arguments=request.arguments | {"body": body})
    return honest(request)


def rounds_numbers(request, honest):
    if request.verb == "create":
        body = {k: float(v) if k in {"revenue", "employees"} else v for k, v in request.arguments["body"].items()}
        request = replace(request, arguments=request.arguments | {"body": body})
    return honest(request)


def blanks_the_rest(request, honest):
    if request.verb == "update":
        update = request.arguments["update"]
        request = replace(
            request, arguments={"update": replace(update, patch={"note": None, "vat": None, **update.patch})}
        )
    return honest(request)


def drops_unknown_fields(request, honest):
    if request.verb == "create":
        body = {k: v for k, v in request.arguments["body"].items() if k != "no_such_field"}
        request = replace(request, arguments=request.arguments | {"body": body})
    return honest(request)


def says_stale_for_duplicate(request, honest):
    if request.verb == "create" and request.arguments["key"] == "another key":
        raise Stale("no")
    return honest(request)


def deletes_nothing(request, honest):
    return None if request.verb == "delete" else honest(request)


LIES = [
    (drops_a_row, "test_a_listing_has_every_record_once"),
    (repeats_a_row, "test_a_listing_has_every_record_once"),
    (forgets_where_it_was, "test_a_listing_goes_on_at_a_stored_position"),
    (since_is_exclusive, "test_since_is_inclusive"),
    (since_is_ignored, "test_since_is_inclusive"),
    (ignores_versions, "test_a_stale_update_or_delete_is_refused"),
    (updates_create, "test_what_is_not_there_cannot_be_updated"),
    (mixes_outcomes, "test_many_creates_have_an_outcome_each"),
    (mixes_outcomes, "test_many_updates_have_an_outcome_each"),
    (loses_umlauts, "test_texts_survive"),
    (rounds_numbers, "test_decimals_survive"),
    (rounds_numbers, "test_integers_survive"),
    (blanks_the_rest, "test_an_update_changes_only_the_patch"),
    (drops_unknown_fields, "test_an_unknown_field_is_refused"),
    (says_stale_for_duplicate, "test_a_duplicate_is_refused_as_such"),
    (deletes_nothing, "test_a_deleted_record_is_gone"),
]


class Liar(ConnectorConformance):
    """A memory system with a lie in it; not collected by its name."""

    object_name = "companies"
    text_field = "name"
    unique_field = "vat"
    nullable_field = "note"
    integer_field = "employees"
    number_field = "revenue"
    kept_by_system = frozenset({"version", "updatedAt"})
    spec: ClassVar = {
        "version": "version",
        "modified": "updatedAt",
        "since": {"param": "updatedSince"},
        "create_bulk": {"method": "POST", "path": "", "size": 50},
        "claims": {"cas_write": True, "returns_record": True},
        "fields": {
            "id": {"read_only": True},
            "name": {"required": True, "max_length": 60},
            "vat": {"unique": True},
            "note": {},
            "employees": {},
            "revenue": {},
        },
    }

    def open(self):
        manifest = Manifest.model_validate({"protocol": "memory", "objects": {self.object_name: self.spec}})
        return open_system("memory", manifest)[0], LyingTransport("memory", manifest)

    def body(self, number):
        return {"name": f"Company {number}", "vat": f"V{number}"}

    def bad_body(self):
        return {"name": "x" * 61}


@pytest.mark.parametrize(("lie", "law"), LIES, ids=lambda each: getattr(each, "__name__", each))
def test_a_lie_breaks_its_law(monkeypatch, lie, law):
    """The law fails for the liar, and holds for the same connector when it is honest."""
    getattr(Liar(), law)()
    monkeypatch.setattr(LyingTransport, "lie", staticmethod(lie))
    with pytest.raises((AssertionError, Stale)):
        getattr(Liar(), law)()
