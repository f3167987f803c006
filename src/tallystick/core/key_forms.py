"""Key forms: what makes different spellings of one identity equal, and never two identities (SYNC-SPEC 9.1).

A form is idempotent. Where a number carries check digits a wrong one gives no form at all: whoever mistyped it would
otherwise be somebody else. The libraries that know the numbers of the world are loaded only where a rule asks for them.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

_LONGEST: Final = 100  # no number or address is longer; a longer text is not tried
_CACHED: Final = 4096
_PUNCTUATION: Final = {code: None for code in range(128) if not chr(code).isalnum()}
_ROLES: Final = frozenset({
    "admin", "buchhaltung", "contact", "hello", "hallo", "info", "kontakt", "mail", "noreply", "no-reply", "office",
    "postmaster", "rechnung", "sales", "service", "support", "test", "vertrieb", "webmaster", "zentrale",
})  # fmt: skip
# Where everybody has an address, the domain says nothing about who it is.
_PUBLIC_MAIL: Final = frozenset({
    "aol.com", "arcor.de", "freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.de", "gmx.net", "googlemail.com",
    "hotmail.com", "hotmail.de", "icloud.com", "live.com", "mail.ru", "me.com", "msn.com", "orange.fr", "outlook.com",
    "outlook.de", "proton.me", "protonmail.com", "qq.com", "t-online.de", "web.de", "yahoo.com", "yahoo.de", "163.com",
})  # fmt: skip
_LEGAL_FORMS: Final = frozenset({
    "ab", "ag", "aps", "as", "asa", "bv", "bvba", "cie", "co", "company", "corp", "corporation", "doo", "ek", "eg",
    "ev", "gbr", "gesmbh", "ggmbh", "gmbh", "haftungsbeschraenkt", "inc", "incorporated", "kft", "kg", "kgaa", "lda",
    "limited", "llc", "llp", "ltd", "ltda", "mbh", "nv", "ohg", "oy", "oyj", "plc", "pte", "pty", "sa", "sarl", "sas",
    "se", "sl", "slu", "spa", "spzoo", "srl", "sro", "ug", "und", "and", "zrt",
})  # fmt: skip
_GERMAN: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_DOTTED: Final = re.compile(r"[.'\u2019]")
_SIGNS: Final = re.compile(r"[\W_]+")
_SCHEME: Final = re.compile(r"^[a-z][a-z0-9+.-]*://|^mailto:")
_HOST: Final = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_VAT_SUFFIX: Final = re.compile(r"(?:MWST|TVA|IVA|TPV|MVA)$")
_VAT_MODULES: Final = {"EL": "gr", "GR": "gr", "XI": "gb"}
_VAT_SPELLED: Final = {"GR": "EL", "XI": "GB"}
_LEAST_DIGITS: Final = 5

Form = Callable[[str, str], str]


def folded(value: str) -> str:
    """Fold case and the ways in which Unicode spells one character."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())


def alphanumeric(value: str) -> str:
    """Keep letters and digits, in one case."""
    if value.isascii():
        return value.lower().translate(_PUNCTUATION)
    return "".join(c for c in folded(value) if c.isalnum())


def text(value: str) -> str:
    """Fold case and blanks."""
    return " ".join(folded(value).split())


def email(value: str) -> str:
    """Fold case; what stands behind a plus sign is another mailbox. Addresses of a role are nobody's own."""
    address = value.strip().casefold()
    local, at, domain = address.rpartition("@")
    return address if at and domain and local and local not in _ROLES else ""


def domain(value: str) -> str:
    """Take the host of an e-mail address, a link or a bare domain; those where everybody has a mailbox are no key."""
    host = _SCHEME.sub("", value.strip().casefold())
    host = re.split(r"[/?#]", host, maxsplit=1)[0].rpartition("@")[2].partition(":")[0].rstrip(".")
    while host.startswith("www."):
        host = host.removeprefix("www.")
    try:
        host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return ""
    return host if len(host) <= _LONGEST and _HOST.fullmatch(host) and host not in _PUBLIC_MAIL else ""


def company(value: str) -> str:
    """Fold case, umlauts and punctuation, and strip legal forms from the end."""
    latin = folded(value).translate(_GERMAN)
    plain = "".join(c for c in unicodedata.normalize("NFKD", latin) if not unicodedata.combining(c))
    plain = _DOTTED.sub("", plain.replace("co.", "co "))
    words = _SIGNS.sub(" ", plain.replace(" sp z oo", " spzoo")).split()
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    return " ".join(words)


def zeros(value: str) -> str:
    """Drop leading zeros, blanks around, and case."""
    return text(value).lstrip("0 ")


@lru_cache(_CACHED)
def vat(value: str, region: str) -> str:
    """Give country and number of a VAT id; without a country in it ``region`` is meant.

    The check digits of the countries that are known must be right.
    """
    number = alphanumeric(value[:_LONGEST]).upper()
    for country, rest in ((number[:2], number[2:]), (region.upper(), number)):
        if len(country) == len("DE") and country.isascii() and country.isalpha():
            found = _checked_vat(country, rest)
            if found is not None:
                return found
    is_foreign = number[:2].isascii() and number[:2].isalpha() and sum(c.isdigit() for c in number) >= _LEAST_DIGITS
    return number.casefold() if is_foreign and not _has_vat(number[:2]) else ""


def _has_vat(country: str) -> bool:
    from stdnum import get_cc_module

    return get_cc_module(_VAT_MODULES.get(country, country.lower()), "vat") is not None


def _checked_vat(country: str, number: str) -> str | None:
    """Give the key of a number with right check digits; ``None`` for a wrong one or an unknown country."""
    from stdnum import get_cc_module
    from stdnum.exceptions import ValidationError

    module = get_cc_module(_VAT_MODULES.get(country, country.lower()), "vat")
    if module is None:
        return None
    spelled = _VAT_SPELLED.get(country, country)
    for suffix in ("", "MWST", "MVA"):
        try:
            plain = str(module.validate(f"{spelled}{number}{suffix}"))
        except (ValidationError, ValueError, IndexError, KeyError):
            continue
        return (spelled + _VAT_SUFFIX.sub("", plain.removeprefix(spelled))).casefold()
    return None


@lru_cache(_CACHED)
def iban(value: str) -> str:
    """Give the number without blanks; country, length and check digits must be right."""
    from stdnum import iban as library
    from stdnum.exceptions import ValidationError

    try:
        return str(library.validate(value)).casefold() if len(value) <= _LONGEST else ""
    except (ValidationError, ValueError, IndexError, KeyError):
        return ""


@lru_cache(_CACHED)
def phone(value: str, region: str) -> str:
    """Give the number as E.164 with its extension; without a country code in it ``region`` is meant."""
    number = _international(value, region) if len(value) <= _LONGEST else ""
    # What comes back as another number is none: no telephone begins with zeros alone.
    return number if number and _international(number, "") == number else ""


def _international(value: str, region: str) -> str:
    import phonenumbers as library

    try:
        found = library.parse(value, region.upper() or None)
    except library.NumberParseException:
        return ""
    if not library.is_possible_number(found):
        return ""
    number = str(library.format_number(found, library.PhoneNumberFormat.E164))
    return f"{number}x{found.extension}" if found.extension else number


FORMS: Final[Mapping[str, Form]] = {
    "exact": lambda value, _: value,
    "text": lambda value, _: text(value),
    "email": lambda value, _: email(value),
    "digits": lambda value, _: "".join(re.findall(r"\d", value)),
    "alphanumeric": lambda value, _: alphanumeric(value),
    "zeros": lambda value, _: zeros(value),
    "domain": lambda value, _: domain(value),
    "company": lambda value, _: company(value),
    "vat": vat,
    "iban": lambda value, _: iban(value),
    "phone": phone,
}
# Of these, a value that has no key form is a doubt, and what a person has to look at.
DOUBTS: Final[Mapping[str, str]] = {
    "vat": "is no VAT number with right check digits",
    "iban": "is no IBAN with right check digits",
    "phone": "is no telephone number with a known country",
}
