"""Variables of a Postman collection: ``{{name}}`` in addresses, headers and bodies -> what it stands for.

The innermost scope wins, and an environment over all of them, as in the program itself. What is called or marked as
a secret is never substituted: its value stays where it is, and only its name is told.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tallystick.connectors.describe.openapi_refs import as_list, as_node, as_text
from tallystick.connectors.describe.openapi_words import squeeze, words_of

VARIABLE: Final = re.compile(r"\{\{\s*([^{}]+?)\s*\}\}")
_SECRET_WORDS: Final = frozenset({
    "token", "key", "apikey", "secret", "password", "passwd", "passphrase", "pwd", "pass", "credential", "credentials",
    "jwt", "bearer", "authorization", "auth", "signature", "cookie", "otp", "pin",
})  # fmt: skip
_SECRET: Final = re.compile(r"apikey|token|secret|passw|credential|privatekey|accesskey")
_HARMLESS_LAST: Final = frozenset({"url", "uri", "host", "path", "endpoint", "domain", "version", "scheme"})
_MOST_TURNS: Final = 10


def is_secret_name(name: str) -> bool:
    """Whether what is called like this is nothing to be written down: ``apiKey``, ``auth_token``, ``client_secret``."""
    words = words_of(name)
    if not words or words[-1] in _HARMLESS_LAST:
        return False
    return bool(_SECRET_WORDS & set(words)) or bool(_SECRET.search(squeeze(name)))


@dataclass(slots=True)
class Variables:
    """The values that count at one place of a collection; ``withheld`` gathers the secrets that were met."""

    values: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)
    over: frozenset[str] = frozenset()
    """Names that an environment sets: no folder changes them."""
    withheld: dict[str, None] = field(default_factory=dict)

    def within(self, entries: Any) -> "Variables":
        """Give the variables inside a folder that has some of its own."""
        values, secrets = read_variables(entries)
        mine = {name: value for name, value in values.items() if name not in self.over}
        if not mine and not secrets:
            return self
        return Variables({**self.values, **mine}, self.secrets | secrets, self.over, self.withheld)

    def fill(self, text: str) -> str:
        """Put values in place of names; a name without a value, or of a secret, is left as it stands."""
        for _ in range(_MOST_TURNS):
            filled = VARIABLE.sub(self._value, text)
            if filled == text:
                break
            text = filled
        return text

    def _value(self, found: re.Match[str]) -> str:
        name = found[1]
        if name in self.secrets or is_secret_name(name):
            self.withheld[name] = None
            return found[0]
        return self.values.get(name, "") or found[0]


def read_variables(entries: Any) -> tuple[dict[str, str], set[str]]:
    """Read a list of variables; gives the values by name, and which of the names are marked as secrets."""
    values: dict[str, str] = {}
    secrets: set[str] = set()
    for entry in map(as_node, as_list(entries)):
        name = as_text(entry.get("key")) or as_text(entry.get("id")) or as_text(entry.get("name"))
        if not name or entry.get("disabled") is True or entry.get("enabled") is False:
            continue
        if entry.get("type") == "secret":
            secrets.add(name)
        elif isinstance(value := entry.get("value"), str | int | float):
            values[name] = str(value)
    return values, secrets


def is_environment(root: Mapping[str, Any]) -> bool:
    """Tell an exported environment, or globals, from a collection."""
    return isinstance(root.get("values"), list) and "item" not in root


def variables_of(collection: Mapping[str, Any], environment: Mapping[str, Any] | None) -> Variables:
    """Give the variables of a whole collection, those of an environment laid over them."""
    values, secrets = read_variables(collection.get("variable"))
    own, own_secrets = read_variables((environment or {}).get("values"))
    return Variables({**values, **own}, secrets | own_secrets, frozenset(own))
