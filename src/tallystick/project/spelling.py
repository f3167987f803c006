"""Parameters whose text is JSON: filters, orders and contexts that some systems take as one encoded document.

A manifest writes such a parameter as the document it is; ``spell`` makes the text that travels.
"""

import base64
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

_encode = msgspec.json.Encoder(decimal_format="number").encode


class JsonText(BaseModel):
    """A parameter that carries a JSON document: ``{json: [[code, "=", "{}"]], encoding: base64url}``.

    A text ``{}`` in the document stands for the value that is asked for, with its type; inside a longer text it is
    replaced by the value's text.
    """

    # Built when first used, as all models of project files; to read descriptions from the source would cost each start.
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, defer_build=True)

    document: Any = Field(alias="json", description="The document, as YAML.")
    encoding: Literal["plain", "base64url"] = Field(
        "plain", description="How its text travels; base64url keeps its padding."
    )

    def spell(self, value: Any = None, mark: str = "{}") -> str:
        """Write the document as compact JSON with ``value`` filled in, encoded as declared."""
        return self.encode(fill(self.document, value, mark))

    def encode(self, document: Any) -> str:
        """Write a document as compact JSON, encoded as declared."""
        text = _encode(document)
        return (base64.urlsafe_b64encode(text) if self.encoding == "base64url" else text).decode()


ParameterText = str | JsonText


def spell(template: ParameterText, value: Any = None, mark: str = "{}") -> str:
    """Write a parameter: each ``{}`` of a text template becomes ``value``; a document is spelled as it declares.

    ``mark`` is what stands for the value where it is not ``{}``.
    """
    return template.replace(mark, str(value)) if isinstance(template, str) else template.spell(value, mark)


def spell_fixed(template: ParameterText) -> str:
    """Write a parameter that no value is asked for: nothing in it is a placeholder."""
    return template if isinstance(template, str) else template.encode(template.document)


def rewrite(template: ParameterText, change: Callable[[str], str]) -> ParameterText:
    """Change every text of a parameter, also inside a document: references are resolved so."""
    if isinstance(template, str):
        return change(template)
    return JsonText(document=rewrite_texts(template.document, change), encoding=template.encoding)


def rewrite_texts(part: Any, change: Callable[[str], str]) -> Any:
    """Change every text of a document; the names in it stay."""
    if isinstance(part, dict):
        return {key: rewrite_texts(inner, change) for key, inner in part.items()}
    if isinstance(part, list | tuple):
        return [rewrite_texts(inner, change) for inner in part]
    return change(part) if isinstance(part, str) else part


def fill(part: Any, value: Any, mark: str = "{}") -> Any:
    """Put ``value`` where ``mark`` stands in a document: with its type where the mark stands alone."""
    if isinstance(part, dict):
        return {key: fill(inner, value, mark) for key, inner in part.items()}
    if isinstance(part, list | tuple):
        return [fill(inner, value, mark) for inner in part]
    if isinstance(part, str) and mark in part:
        return value if part == mark else part.replace(mark, str(value))
    return part


def open_mark(template: str) -> str:
    """Give the quotation mark between two of which a template has its value, empty where there is none."""
    before, there, after = template.partition("{}")
    inside = (mark for mark in "'\"" if there and before.count(mark) % 2 and mark in after)
    return next(inside, "")
