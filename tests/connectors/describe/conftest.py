"""Small API descriptions, made in the test that needs them."""

from collections.abc import Callable
from typing import Any

import pytest

from tallystick.connectors.describe.openapi import describe_openapi
from tallystick.project.manifest import Manifest, ObjectSpec

Spec = dict[str, Any]


def _answer(schema: Spec | None, **headers: Spec) -> Spec:
    content = {} if schema is None else {"content": {"application/json": {"schema": schema}}}
    return {"200": {"description": "ok", "headers": headers, **content}}


def _body(schema: Spec) -> Spec:
    return {"content": {"application/json": {"schema": schema}}}


CUSTOMER: Spec = {
    "type": "object",
    "required": ["id", "name"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string", "maxLength": 40},
        "updated_at": {"type": "string", "format": "date-time"},
    },
}
NEW: Spec = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}


class Api:
    """Builds descriptions: a customer collection with everything, changed by the test in one point."""

    CUSTOMER = CUSTOMER
    NEW = NEW

    @staticmethod
    def operation(answer: Spec | None = None, body: Spec | None = None, query: list[Any] = (), **more: Any) -> Spec:  # type: ignore[assignment]  # an empty tuple is as good
        """One operation; query parameters are names or whole parameters."""
        parameters = [{"name": q, "in": "query", "schema": {}} if isinstance(q, str) else q for q in query]
        made: Spec = {"parameters": parameters, "responses": _answer(answer, **more.pop("headers", {})), **more}
        if body is not None:
            made["requestBody"] = _body(body)
        return made

    @classmethod
    def listing(cls, item: Spec | None = None, query: list[Any] = (), **envelope: Spec) -> Spec:  # type: ignore[assignment]  # likewise
        """A listing with its records in ``data``, and further envelope properties."""
        answer = {"type": "object", "properties": {"data": {"type": "array", "items": item or CUSTOMER}, **envelope}}
        return cls.operation(answer, query=query)

    @classmethod
    def collection(cls, path: str = "/customers", parameter: str = "id", item: Spec | None = None) -> Spec:
        """Paths with list, create, get, update and delete."""
        op = cls.operation
        record = item or CUSTOMER
        return {
            path: {"get": cls.listing(record), "post": op(record, NEW)},
            f"{path}/{{{parameter}}}": {"get": op(record), "patch": op(record, NEW), "delete": op()},
        }

    @staticmethod
    def document(paths: Spec, **more: Any) -> Spec:
        """A whole description."""
        return {"openapi": "3.0.3", "info": {"title": "Acme Shop API", "version": "1"}, "paths": paths} | more

    @classmethod
    def describe(cls, paths: Spec, **more: Any) -> Manifest:
        """Describe these paths."""
        return describe_openapi(cls.document(paths, **more))

    @classmethod
    def one(cls, paths: Spec, name: str = "customers", **more: Any) -> ObjectSpec:
        """Describe these paths and give one object."""
        return cls.describe(paths, **more).objects[name]

    @classmethod
    def listed(cls, operation: Spec, **more: Any) -> Manifest:
        """Describe the customers with another listing operation."""
        paths = cls.collection()
        paths["/customers"]["get"] = operation
        return cls.describe(paths, **more)


@pytest.fixture
def api() -> type[Api]:
    return Api


@pytest.fixture
def operations() -> Callable[[ObjectSpec], dict[str, str]]:
    """Show an object's five calls as text."""

    def show(spec: ObjectSpec) -> dict[str, str]:
        calls = {
            "list": spec.list,
            "get": spec.get,
            "create": spec.create,
            "update": spec.update,
            "delete": spec.delete,
        }
        return {name: f"{call.method} {call.path}" for name, call in calls.items() if call}

    return show
