"""What leaves for a message: no secrets, no mark-up, not long.

Every text that a server wrote passes here before it becomes part of an error (S7).
"""

import re
from typing import Final
from urllib.parse import quote

_WORD_SECRETS: Final = re.compile(
    r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{8,}"
    r"|([?&\"'](?:api[_-]?key|access[_-]?token|token|secret|password|signature)[\"']?\s*[=:]\s*[\"']?)[^&\s\"',}]+"
)
_SHORTEST: Final = 4  # a shorter secret would blank out half of any text


class Scrub:
    """Removes known secrets and what looks like one. Learns new ones (fetched tokens) as they come."""

    __slots__ = ("_secrets",)

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def learn(self, secret: str) -> str:
        """Remember a secret and give it back."""
        if len(secret) >= _SHORTEST:
            self._secrets.update((secret, quote(secret, safe="")))
        return secret

    def __call__(self, text: str, limit: int = 300) -> str:
        """Give ``text`` on one line, without secrets, cut to ``limit`` characters."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "***")
        text = _WORD_SECRETS.sub(lambda m: f"{m[1]} ***" if m[1] else f"{m[2]}***", text)
        text = " ".join("".join(c if c.isprintable() else " " for c in text[: limit * 8]).split())
        return text if len(text) <= limit else text[: limit - 1] + "…"

    def __repr__(self) -> str:
        """Show how many, never which."""
        return f"Scrub({len(self._secrets)} secrets)"
