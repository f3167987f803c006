"""The words that systems refuse with, in the languages that they are met in: kinds of rules, limits, lists."""

import re
from typing import Final, Literal

Kind = Literal["unique", "required", "length", "option", "range", "type", "reference", "format", "other"]
Wanted = Literal["", "integer", "number", "date", "email", "url", "phone", "digits", "uppercase", "lowercase"]
Bound = Literal["", "low", "high"]


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


KINDS: Final[tuple[tuple[Kind, re.Pattern[str]], ...]] = (
    (
        "unique",
        _any(
            r"already (?:exist|in use|been taken|taken|regist|used)|duplicat|\bunique\b|uniqueness",
            r"must be distinct|another row has",
            r"a record with this|bereits (?:vergeben|vorhanden|verwendet|ver[gw])|doppelt|eindeutig",
            r"existe déjà|déjà (?:pris|utilis)",
            r"ya (?:existe|está en uso)|já existe|esiste già|già (?:in uso|esist)|bestaat al|al in gebruik",
            r"już istnieje",
        ),
    ),
    (
        "length",
        _any(
            r"too long|too short|zu lang|zu kurz|trop (?:long|court)|demasiado (?:larg|cort)",
            r"troppo (?:lung|cort)|te (?:lang|kort)\b",
            r"za (?:dług|krót)|muito (?:long|curt)|\blength\b|max_?length|min_?length|(?:max|min)len|truncat",
            r"characters?\b|\bchars?\b",
            r"zeichen\b|caract[eè]r|caratter|\btekens\b|znak|string_too_|character varying\(|\bstellen\b",
            r"\bdigits? long",
        ),
    ),
    (
        "required",
        _any(
            r"\brequired\b|must not be (?:blank|empty|null)",
            r"(?:can'?t|cannot|can not|may not|should not|must not) be (?:blank|empty|null)",
            r"\bmissing\b|mandatory|not[- ]null|(?:is|was) (?:blank|empty|null)\b",
            r"must (?:be (?:given|provided|present|set|filled)|have a value)",
            r"\bprovide\b|needs? (?:a|an) value|pflicht|erforderlich|darf nicht leer",
            r"muss (?:angegeben|ausgefüllt|gesetzt)|fehlt\b|benötigt",
            r"obligatoire|requis|ne (?:peut|doit) pas être (?:vide|nul)|obligatori|requerid",
            r"no puede (?:estar vac|ser nul)|vacío",
            r"richiest|non può essere (?:vuot|null)|verplicht|mag niet leeg|obrigat|wymagan|nie może być puste",
        ),
    ),
    (
        "option",
        _any(
            r"\bone of\b|not in(?:cluded in)? the list|not in (?:the )?(?:list|set|enum)|\benum\b",
            r"not a valid choice|invalid choice|not (?:an )?allowed",
            r"allowed values?|permitted values?|accepted values?|valid values?|picklist",
            r"not (?:a )?(?:supported|recogni[sz]ed|valid) (?:value|option)",
            r"invalid option|unknown (?:value|option)|keine? (?:gültige|erlaubte)\w* (?:auswahl|option|wert)",
            r"nicht (?:in der liste|erlaubt|zulässig)",
            r"erlaubt sind|zulässig sind|n'est pas (?:dans la liste|inclus|autoris)",
            r"no está (?:en la lista|incluid|permitid)|non è (?:incluso|nell|ammess|consentit)",
            r"niet toegestaan|selection field|selected .* is invalid",
        ),
    ),
    (
        "range",
        _any(
            r"\bbetween\b|out of (?:range|bounds)|too (?:large|big|small|high|low)|greater than|less than",
            r"larger than|smaller than|more than",
            r"at (?:most|least)|(?:maximum|minimum)\b|\b(?:max|min)\b|exceed|above|below|must be positive",
            r"non-?negative|not (?:be )?negative",
            r"zwischen|zu (?:groß|gross|klein|hoch|niedrig)|größer|kleiner|mindestens|höchstens|maximal",
            r"minimal|außerhalb|überschreit|unterschreit",
            r"entre \d|supérieur|inférieur|au (?:plus|moins)|mayor|menor|como (?:máximo|mínimo)|maggiore",
            r"minore|compreso tra|al massimo|almeno",
            r"groter|kleiner|tussen|maior|większ|mniejsz|[<>]=? ?\d|gte|lte|precision|overflow",
        ),
    ),
    (
        "reference",
        _any(
            r"foreign key|does not exist|doesn't exist|not found|unknown (?:id|record|reference|key)|no such",
            r"points to|existiert nicht|nicht gefunden",
            r"gibt es nicht|n'existe pas|introuvable|no existe|non esiste|bestaat niet|não existe|nie istnieje",
        ),
    ),
    (
        "type",
        _any(
            r"(?:must|should|has to|needs to) be (?:an? )?(?:valid )?(?:integer|whole number)",
            r"(?:must|should|has to|needs to) be (?:an? )?(?:valid )?(?:number|numeric|decimal|float)",
            r"not (?:an? )?(?:valid )?(?:integer|number|numeric)",
            r"valid (?:integer|number)|ganze zahl|keine zahl|eine zahl|nombre (?:entier|valide)",
            r"número (?:entero|válido)|numero (?:intero|valido)|geheel getal",
            r"int_parsing|int_type|invalid (?:integer|number|input syntax)",
        ),
    ),
    (
        "format",
        _any(
            r"match|pattern|format|invalid|not valid|not a valid|valid\b|malformed|well-?formed|illegal",
            r"improper|incorrect|only (?:contain|letters|digits|numbers)",
            r"may only|regex|ungültig|nicht gültig|kein\w* gültig|falsch|(?:non|in)valide|incorrecte|válid",
            r"inválid|incorrect[oa]|non valid|ongeldig|nieprawid",
            r"must (?:be|contain|start|end|begin)|e-?mail|\burl\b|\bdate\b|datum|uppercase|lowercase|digits",
            r"ziffern|großbuchstaben",
        ),
    ),
)
WANTED: Final[tuple[tuple[Wanted, re.Pattern[str]], ...]] = (
    ("email", _any(r"e-?mail")),
    ("url", _any(r"\b(?:url|uri|web ?site|web address)\b")),
    ("phone", _any(r"\b(?:phone|telephone|telefon|téléphone|teléfono|e\.?164)")),
    (
        "integer",
        _any(r"integer|whole number|ganze zahl|nombre entier|número entero", r"numero intero|geheel getal|\bint_"),
    ),
    ("number", _any(r"\bnumber\b|numeric|decimal|\bfloat|keine zahl|eine zahl|número|numero")),
    ("date", _any(r"\bdates?\b|datum|\bfecha\b|\bdata\b|yyyy")),
    ("digits", _any(r"digits|ziffern|chiffres|dígitos|cifre|only numbers|numbers only")),
    ("uppercase", _any(r"upper ?-?case|capital|großbuchstaben|majuscule|mayúscula|maiuscol")),
    ("lowercase", _any(r"lower ?-?case|kleinbuchstaben|minuscule|minúscula|minuscol")),
)
LOW: Final = _any(
    r"at least|minimum|\bmin\b|min_?length|minlen|too (?:short|small|low)|greater|larger|more than",
    r"above|less than (?:the )?(?:min|allowed)",
    r"mindestens|minimal|zu (?:kurz|klein|niedrig)|größer|unterschreit|au moins|trop court|supérieur",
    r"mínimo|cort|mayor|almeno|maggiore",
    r"minder dan|te kort|groter|fewer than|>=?|gte|≥",
)
HIGH: Final = _any(
    r"at most|maximum|\bmax\b|max_?length|maxlen|too (?:long|large|big|high)|less than|smaller|no more",
    r"not (?:be )?(?:greater|more|longer|larger|exceed)",
    r"exceed|below|up to|höchstens|maximal|zu (?:lang|groß|gross|hoch)|kleiner|überschreit|au plus",
    r"trop long|inférieur|máximo|larg|menor",
    r"al massimo|minore|te lang|\bonly\b|<=?|lte|≤|varying|nicht (?:größer|länger|mehr)|nur\b",
)
NOT_LOW: Final = _any(
    r"(?:no|not|n't|nicht|never|may not be|must not be)\s+(?:be\s+)?"
    r"(?:more|greater|larger|longer|above|größer|länger|mehr)"
)
NOT_HIGH: Final = _any(
    r"(?:no|not|n't|nicht|never)\s+(?:be\s+)?(?:less|smaller|fewer|shorter|below|kleiner|kürzer|weniger)"
)
BETWEEN: Final = _any(
    r"(?:between|zwischen|entre|tra|tussen|from|von)\s+(-?[\d.,]+)\s*(?:and|und|et|y|e|en|to|bis|-)\s*(-?[\d.,]*\d)"
)
OPEN: Final = _any(
    r"(?:less|greater|smaller|larger|more|bigger) than(?! or)(?! the (?:min|max))",
    r"(?:größer|kleiner) als(?! oder)|\b(?:above|below)\b",
    r"supérieur à|inférieur à|mayor que|menor que|[<>](?!=)",
)
INCLUSIVE: Final = _any(
    r"or equal|oder gleich|ou égal|o igual|o uguale|not (?:be )?(?:less|greater|more)|no (?:less|more)",
    r"at (?:most|least)",
    r"nicht (?:größer|kleiner|mehr|weniger|höher|niedriger)",
    r"pas (?:supérieur|inférieur)|no (?:puede ser )?(?:mayor|menor)",
)


LISTED: Final = _any(
    r"(?:one of|(?:allowed|permitted|accepted|valid|possible)(?: values?| options?| choices?)?(?: are| is)?"
    r"|choices are|enum|expected|erlaubt sind|zulässig sind|permis|permitidos|ammessi|toegestaan)"
    r"(?!\.)\s*(?:the following)?\s*:?\s*[\[({]?\s*(.+)"
)
POSITIVE: Final = _any(r"must be positive", r"greater than zero", r"größer als null")
NOT_NEGATIVE: Final = _any(r"non-?negative", r"not (?:be )?negative", r"nicht negativ")
