"""Parameters whose text is JSON: filters, orders and contexts that some systems take as one encoded document.

A manifest writes such a parameter as the document it is; ``spell`` makes the text that travels.
"""

import base64
from typing import Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

_encode = msgspec.json.Encoder(decimal_format="number").encode


class JsonText(BaseModel):
    """A parameter that carries a JSON document: ``{json: [[code, "=", "{}"]], encoding: base64url}``.

    A text ``{}`` in the document stands for the value that is asked for, with its type; inside a longer text it is
    replaced by the value's text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, use_attribute_docstrings=True)

    document: Any = Field(alias="json")
    """The document, as YAML."""
    encoding: Literal["plain", "base64url"] = "plain"
    """How its text travels; base64url keeps its padding."""

    def spell(self, value: Any = None) -> str:
        """Write the document as compact JSON with ``value`` filled in, encoded as declared."""
        text = _encode(_fill(self.document, value))
        return (base64.urlsafe_b64encode(text) if self.encoding == "base64url" else text).decode()


ParameterText = str | JsonText


def spell(template: ParameterText, value: Any = None) -> str:
    """Write a parameter: each ``{}`` of a text template becomes ``value``; a document is spelled as it declares."""
    return template.replace("{}", str(value)) if isinstance(template, str) else template.spell(value)


def _fill(part: Any, value: Any) -> Any:
    if isinstance(part, dict):
        return {key: _fill(inner, value) for key, inner in part.items()}
    if isinstance(part, list | tuple):
        return [_fill(inner, value) for inner in part]
    if isinstance(part, str) and "{}" in part:
        return value if part == "{}" else part.replace("{}", str(value))
    return part
