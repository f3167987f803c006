"""Telephone numbers, e-mail addresses and links, brought to one form by the rules of their standards.

Nothing is looked up in any network. What is no number or address is refused.
"""

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

from tallystick.core.codecs.spelling import expect_text, refuse
from tallystick.core.error import InvalidValue
from tallystick.core.mapping import Loss
from tallystick.core.record import Value

_URL: Final = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?//([^/?#\s]+)([^\s?#]*)(\?[^\s#]*)?(#\S*)?")
_AUTHORITY: Final = re.compile(r"(?:([^@]*)@)?([^:@\[\]]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?")
_HOST: Final = re.compile(r"[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.[^\W_](?:[\w-]{0,61}[^\W_])?)*\.?")
_ESCAPED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_PORTS: Final = {"http": "80", "https": "443", "ftp": "21"}
_LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number; canonical is E.164, with ``;ext=`` behind it where there is an extension.

    ``region`` says where a number without country code belongs. ``national`` writes numbers of that region without
    their country code and all others with it. ``possible`` takes numbers of the right length that nobody was given.

    >>> Phone("DE").decode("030 / 123 456"), Phone("DE").decode("+43 (0)1 58858-0")
    ('+4930123456', '+431588580')
    >>> Phone("DE", write="national").encode("+4930123456"), Phone(write="international").encode("+4930123456")
    ('030 123456', '+49 30 123456')
    """

    region: str = ""
    write: Literal["e164", "international", "national"] = "e164"
    possible: bool = False
    name: ClassVar[str] = "phone"
    loss: ClassVar[Loss] = "lossy"

    def __post_init__(self) -> None:
        """Refuse a region that is none."""
        if self.region and not re.fullmatch("[A-Z]{2}", self.region):
            raise InvalidValue(f"phone: '{self.region}' is no region", hint="two capitals, for example region: DE")
        if self.write == "national" and not self.region:
            raise InvalidValue("phone: national numbers need a region", hint="for example region: DE")

    def decode(self, raw: Any) -> Value:
        """Give the number in E.164."""
        return self._canonical(self._parsed(raw, expect_text(self.name, raw)))

    def encode(self, value: Value) -> Any:
        """Give the number as this side spells it."""
        import phonenumbers as library

        number = self._parsed(value, expect_text(self.name, value))
        if self.write == "e164":
            return self._canonical(number)
        is_home = self.write == "national" and library.region_code_for_number(number) == self.region
        form = library.PhoneNumberFormat.NATIONAL if is_home else library.PhoneNumberFormat.INTERNATIONAL
        spelled = str(library.format_number(number, form))
        if self._canonical(self._parsed(value, spelled)) != self._canonical(number):
            raise refuse(self.name, value, "a number that can be dialled as it is written")
        return spelled

    def _parsed(self, raw: Any, text: str) -> Any:
        import phonenumbers as library  # megabytes of numbering plans, only for those who map numbers

        number, extension = text.partition(";ext=")[::2]
        try:
            found = library.parse(f"{number} ext. {extension}" if extension else number, self.region or None)
        except library.NumberParseException as cause:
            hint = "" if self.region else "say where numbers without country code belong: region: DE"
            raise refuse(self.name, raw, "a telephone number", hint=hint) from cause
        if library.is_possible_number(found) if self.possible else library.is_valid_number(found):
            return found
        raise refuse(
            self.name, raw, "a telephone number that exists", hint="correct it at the source, or possible: true"
        )

    def _canonical(self, number: Any) -> str:
        import phonenumbers as library

        plain = str(library.format_number(number, library.PhoneNumberFormat.E164))
        return f"{plain};ext={number.extension}" if number.extension else plain


@dataclass(frozen=True, slots=True)
class Email:
    """An e-mail address; canonical has its domain in small letters. ``lower`` makes all of it small.

    ``Erika <erika@acme.example>`` is read as the address alone. Strictly, capitals before the ``@`` could matter.

    >>> Email().decode(" Erika.M@ACME.Example "), Email(lower=True).decode("Erika <Erika@ACME.example>")
    ('Erika.M@acme.example', 'erika@acme.example')
    """

    lower: bool = False
    name: ClassVar[str] = "email"
    loss: ClassVar[Loss] = "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the address."""
        from email_validator import EmailNotValidError, validate_email  # slow to load

        text = expect_text(self.name, raw).strip()
        hint = "correct it at the source; several addresses are a text_list"
        if len(text) > _LONGEST:
            raise refuse(self.name, raw, "one e-mail address", hint=hint)
        try:
            found = validate_email(
                text.removeprefix("mailto:"),
                check_deliverability=False,
                globally_deliverable=False,
                test_environment=True,
                allow_display_name=True,
            )
        except (EmailNotValidError, ValueError) as cause:
            raise refuse(self.name, raw, "one e-mail address", hint=hint) from cause
        address = str(found.normalized)
        return address.lower() if self.lower else address

    def encode(self, value: Value) -> Any:
        """Give the address."""
        return self.decode(value)


@dataclass(frozen=True, slots=True)
class Url:
    """A link; canonical has scheme and host in small letters, no default port and no lone slash at the end.

    Without scheme, ``scheme`` is meant. A link with a password in it is refused: it belongs into no record.

    >>> Url().decode("www.ACME.example/"), Url().decode("HTTP://acme.example:80/a%7eb?x=1")
    ('https://www.acme.example', 'http://acme.example/a~b?x=1')
    """

    scheme: str = "https"
    name: ClassVar[str] = "url"
    specimens: ClassVar[tuple[str, ...]] = ("HTTP://ACME.example:80/",)
    loss: ClassVar[Loss] = "lossy"

    def decode(self, raw: Any) -> Value:
        """Give the link."""
        text = expect_text(self.name, raw).strip()
        # A host without scheme may have a port, so only what has // behind it is a scheme.
        is_whole = "//" in text.partition("?")[0]
        found = _URL.fullmatch(text if is_whole else f"//{text}")
        where = _AUTHORITY.fullmatch(found[2]) if found else None
        if len(text) > _LONGEST or found is None or where is None or not self._is_host(where[2], is_whole=is_whole):
            raise refuse(self.name, raw, "a link such as https://acme.example/page")
        if where[1] and ":" in where[1]:
            raise refuse(self.name, raw, "a link without a password", hint="take the password out of it at the source")
        scheme = (found[1] or self.scheme).lower()
        user = f"{where[1]}@" if where[1] else ""
        port = f":{int(where[3])}" if where[3] and str(int(where[3])) != _PORTS.get(scheme) else ""
        path = _normal(found[3])
        tail = _normal((found[4] or "") + (found[5] or ""))
        return f"{scheme}://{user}{where[2].lower()}{port}{'' if path == '/' and not tail else path}{tail}"

    def encode(self, value: Value) -> Any:
        """Give the link."""
        return self.decode(value)

    @staticmethod
    def _is_host(host: str, *, is_whole: bool) -> bool:
        # One word alone is a remark ("none", "n/a") rather than a link.
        if not is_whole and "." not in host[:-1] and host.lower() != "localhost":
            return False
        return host.startswith("[") or bool(_HOST.fullmatch(host.lower()))


def _normal(text: str) -> str:
    """Write escaped letters that need no escape as themselves, and all other escapes in capitals (RFC 3986)."""

    def spelled(found: re.Match[str]) -> str:
        letter = chr(int(found[1], 16))
        return letter if letter in _UNRESERVED else found[0].upper()

    return _ESCAPED.sub(spelled, text)
