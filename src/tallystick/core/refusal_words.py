"""What the words of a refusal say, in the languages that systems speak: a kind of rule, limits, options.

Only hints: a rule that is learned must also fit all values that were refused and taken.
"""

import re
from decimal import Decimal
from typing import Final, Literal

Kind = Literal["required", "length", "range", "options", "format"]

_WORDS: Final[dict[Kind, str]] = {
    "required": (
        r"required|(?:can(?:no|')t|must not|may not) be (?:blank|empty|null)"
        r"|should not be empty|missing|mandatory|not[- ]null|must be (?:present|given|set)|is blank|is empty"
        r"|erforderlich|pflichtfeld|darf nicht leer|fehlt|obligatoire|ne peut pas être vide|obligatorio|vac[ií]o"
        r"|obbligatori|verplicht|wymagane"
    ),
    "length": (
        r"too (?:long|short)|characters|max(?:imum)?[_ ]?length|min(?:imum)?[_ ]?length|length"
        r"|at most \d+ chars|truncat|zu (?:lang|kurz)|zeichen|trop (?:long|court)|caract[eè]res"
        r"|demasiado (?:largo|corto)|caracter|troppo (?:lung|cort)|te (?:lang|kort)|tekens|value too long"
    ),
    "options": (
        r"not (?:a valid choice|in (?:the )?list|one of|included in|an allowed|a permitted|allowed)|allowed values"
        r"|valid values|possible values|enum|must be one of|unknown (?:option|value)|invalid (?:choice|option)"
        r"|ung[uü]ltige auswahl|g[uü]ltige werte|erlaubt|valeurs? (?:permise|autoris)|valores permitidos"
    ),
    "range": (
        r"greater than|less than|at least|at most|minimum|maximum|between|range|positive|negative"
        r"|too (?:large|small|high|low|big)|exceeds|gr[oö](?:ß|ss)er|kleiner|mindestens|h[oö]chstens|zwischen"
        r"|sup[eé]rieur|inf[eé]rieur"
        r"|mayor que|menor que|maggiore|minore"
    ),
    "format": (
        r"format|pattern|does not match|must match|invalid|not valid|malformed|regex|ung[uü]ltig|incorrect|invalide"
        r"|inv[aá]lid|non valid|ongeldig"
    ),
}
_SEARCH: Final = {kind: re.compile(words, re.IGNORECASE) for kind, words in _WORDS.items()}
_NUMBER: Final = re.compile(r"(?<![\w.,-])-?\d+(?:[.]\d+)?(?![\w-]|[.,]\d)")
_LIST: Final = re.compile(
    r"(?:one of|allowed values|valid values|possible values|enum|choose from|erlaubt(?:e werte)?|g[uü]ltige werte)"
    r"[^\[({'\"\w]*(?:are|is|sind|:)?\s*[\[({]?([^\])}\n]+)",
    re.IGNORECASE,
)


def kinds_told(words: str) -> tuple[Kind, ...]:
    """Name the kinds of rules that a refusal may speak of, the likeliest first; none if its words tell nothing."""
    found = [kind for kind, pattern in _SEARCH.items() if pattern.search(words)]
    # "at least 3 characters" is about length, and "invalid" is said of everything.
    if "length" in found and "range" in found:
        found.remove("range")
    return tuple(found) if found != ["format"] else ("format", "options", "length", "range", "required")


def limits_told(words: str) -> list[Decimal]:
    """Give the numbers that stand in a refusal."""
    return [Decimal(each) for each in _NUMBER.findall(words)]


def options_told(words: str) -> list[str]:
    """Give the options that a refusal lists."""
    found = _LIST.search(words)
    if found is None:
        return []
    parts = re.split(r"\s*[,;|/]\s*|\s+(?:or|and|und|oder)\s+", found[1].strip().rstrip("."))
    return [text for part in parts if (text := part.strip().strip("'\"`"))]
