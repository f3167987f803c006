"""What the manifest of a GraphQL system says beyond its objects: root fields with their arguments, and selections.

``describe`` writes it from the schema, so nothing of the schema is needed later, and a person may correct each entry.
Variables are JSON to everybody else: an object's operations, paths and parameters mean what they mean for REST, with
``path`` naming an entry of ``operations`` and parameters naming its arguments.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator

from tallystick.project.model_base import Model

RECORD = "{record}"


def _balanced(text: str) -> str:
    depth = 0
    for sign in text:
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            break
    if depth:
        raise ValueError("each { needs a }")
    return text


Selection = Annotated[str, AfterValidator(_balanced)]


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


class GraphqlError(Model):
    """Messages in an answer, one or a list, of which some say that the call was refused."""

    path: str
    message: str = ""
    """Path of the text in a message, where it is an object."""
    where: dict[str, Annotated[tuple[Any, ...], BeforeValidator(_as_list, json_schema_input_type=Any)]] = {}
    """Only a message with this value (or one of these) at this path is a refusal."""


def _as_error(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


class GraphqlCall(Model):
    """How one root field is asked for."""

    kind: Literal["query", "mutation"] = "query"
    field: str = ""
    """The root field, where it is not the key; ``crm.customers`` where it stands inside another one."""
    arguments: dict[str, str] = {}
    """Arguments with their types: ``{first: Int, filter: CustomerFilter, id: "ID!"}``. Only those that get a value are
    sent."""
    select: Selection = RECORD
    """What is asked for of the answer; ``{record}`` stands for the fields of the object's records. Empty where the
    field has no fields of its own."""
    error: Annotated[GraphqlError, BeforeValidator(_as_error, json_schema_input_type=str | GraphqlError)] | None = None
    """How an answer without errors says that the call was refused: the path of a list of messages that is empty
    otherwise, ``customerCreate.userErrors``, or ``{path: createCustomer, where: {__typename: [ValidationError]}}``."""


class GraphqlObject(Model):
    """What an object's records are asked for with, and how they are written."""

    select: dict[str, Selection] = {}
    """Selections by the first step of the fields they serve, where the fields alone do not say them:
    ``lines: "lines(first: 50) { id sku quantity }"``."""
    inputs: dict[str, str] = {}
    """Where a field has another path in what is written: ``{company.id: companyId}``."""
    write_only: tuple[str, ...] = ()
    """Fields that can be written and not be asked for."""
    only: tuple[str, ...] = ()
    """The fields that are asked for; all if empty. Runs ask for the mapped ones."""


class GraphqlErrors(Model):
    """What errors mean: words that are looked for in their codes and in their text."""

    absent: tuple[str, ...] = ()
    """There is no such record."""
    duplicate: tuple[str, ...] = ()
    """A record with this key exists."""
    stale: tuple[str, ...] = ()
    """The record has changed meanwhile."""
    refused: tuple[str, ...] = ()
    """This record is not wanted, and nothing was changed."""
    access: tuple[str, ...] = ()
    """These credentials do not allow it."""
    throttled: tuple[str, ...] = ()
    """Too many calls."""


class GraphqlSpec(Model):
    """How a GraphQL system is spoken to."""

    operations: dict[str, GraphqlCall] = {}
    objects: dict[str, GraphqlObject] = {}
    """By the names of the manifest's objects."""
    errors: GraphqlErrors = GraphqlErrors()
