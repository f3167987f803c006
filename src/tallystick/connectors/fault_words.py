"""What the words of a refusal mean, spelled as the statuses that REST knows: for services that answer by faults.

Their codes say little: most stacks call every failure "Server". So the manifest's words come first, then names that
speak for themselves. What remains unclear may have been carried out: its outcome is unknown (R-10.3).
"""

import re
from dataclasses import dataclass
from typing import Any, Final

from tallystick.project.manifest_soap import SoapFaults

_ABSENT: Final = re.compile(
    r"(?:not|never|no)(?:was|be|been)?found|doesnotexist|notexist|nosuch|unknown(?:id|key|record|object)|notthere"
    r"|objectnotfound|entitynotfound|nichtgefunden|nichtvorhanden|introuvable|noexiste|nonesiste",
)
_DUPLICATE: Final = re.compile(
    r"already(?:exist|inuse|taken|regist)|existsalready|duplicat|uniquekey|uniqueconstr|uniqueviol|notunique"
)
_STALE: Final = re.compile(
    r"optimisticlock|concurren|staleobject|versionconflict|wasmodified|hasbeenmodified|wrongversion"
)
_ACCESS: Final = re.compile(
    r"failedauthentication|invalidsecurity|securitytokenunavailable|failedcheck|authenticationfail|unauthenticated"
    r"|notauthenticated|accessdenied|unauthori[sz]ed|notauthori[sz]ed|permissiondenied|invalidsession|sessionexpired"
    r"|invalidlogin|invalidcredential|logininvalid"
)
_THROTTLED: Final = re.compile(r"toomany(?:request|call)|ratelimit|requestlimit|callsexceeded|quotaexceeded|throttl")
_REFUSED: Final = re.compile(
    r"validation|schemavalidat|invalid(?:argument|value|parameter|field|input|data)|constraintviol"
)
# Answers about the call itself: nothing about a record follows from them.
_ABOUT_CALL: Final = re.compile(r"(?i)\b(?:method|operation|procedure|function|soap ?action|action|endpoint|wsdl)\b")
_NO_SUCH: Final = re.compile(
    r"(?i)not (?:found|present|known|supported|exist|defined|valid|recogni[sz]ed|implemented)|unknown|no such|invalid"
    r"|unrecogni[sz]ed|undefined|did not recogni[sz]e|does not exist|no handler"
)
_BAD_ENVELOPE: Final = re.compile(r"versionmismatch|mustunderstand|actionnotsupported|actionmismatch")
_SENDER: Final = frozenset({"client", "sender"})
_PASSED_ON: Final = frozenset({401, 403, 404, 408, 409, 410, 412, 423, 425, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal of a service: its code, its text, the names in its detail, and the detail as JSON.

    ``is_refusal`` tells that the manifest calls it one, so nothing was done.
    """

    code: str
    text: str
    names: tuple[str, ...] = ()
    detail: Any = None
    is_refusal: bool = False

    def __str__(self) -> str:
        """Give code and text as one line."""
        return f"fault {self.code}: {self.text}" if self.code else f"fault: {self.text}"

    @property
    def is_about_action(self) -> bool:
        """Whether the service did not know what it was called for, so that it did nothing."""
        said = _plain(f"{self.code} {self.text}")
        return "soapaction" in said or "actionnotsupported" in said or "actionmismatch" in said


def status_of(fault: Fault, told: SoapFaults, http_status: int, operation: str, record_id: str) -> int:
    """Give the HTTP status that means the same as a fault.

    ``told`` are the words of the manifest, ``record_id`` the record that was asked about, empty where none was.
    """
    said = _told(fault, told)
    if said:
        return said
    if http_status in _PASSED_ON:
        return http_status
    is_about_record = bool(record_id) and _names(fault.text, record_id)
    if not is_about_record and _is_about_call(fault, operation):
        return _NOT_OFFERED
    spelled = _plain(f"{fault.code} {' '.join(fault.names)}")
    text = _plain(fault.text)
    for pattern, status in _BY_NAME:
        if pattern.search(spelled):
            return status
    # Prose is believed where it names the very record, and where it speaks of keys that exist.
    if is_about_record and _ABSENT.search(text):
        return _GONE_OR_NEVER
    if _DUPLICATE.search(text):
        return _CONFLICT
    return _INVALID if fault.is_refusal or fault.code.partition(".")[0].lower() in _SENDER else _FAILED


def _is_about_call(fault: Fault, operation: str) -> bool:
    if fault.is_about_action or _BAD_ENVELOPE.search(_plain(fault.code)):
        return True
    is_named = bool(_ABOUT_CALL.search(fault.text)) or bool(operation and _names(fault.text, operation))
    return is_named and bool(_NO_SUCH.search(fault.text))


def _told(fault: Fault, told: SoapFaults) -> int:
    whole = " ".join((fault.code, *fault.names, fault.text)).lower()
    for words, status in (
        (told.absent, _GONE_OR_NEVER),
        (told.duplicate, _CONFLICT),
        (told.stale, _MOVED_ON),
        (told.access, _FORBIDDEN),
        (told.throttled, _TOO_MANY),
        (told.refused, _INVALID),
    ):
        if any(word and word.lower() in whole for word in words):
            return status
    return 0


def _plain(text: str) -> str:
    """Give letters and digits only, so that ``Not_Found``, ``NotFound`` and "not found" are one."""
    return re.sub(r"[^a-z0-9.äöüß]+", "", text.lower())


def _names(text: str, record_id: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(record_id)}(?!\w)", text) is not None


_GONE_OR_NEVER: Final = 404
_CONFLICT: Final = 409
_MOVED_ON: Final = 412
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429
_INVALID: Final = 400
_FAILED: Final = 500
_NOT_OFFERED: Final = 501
_BY_NAME: Final = (
    (_ACCESS, _FORBIDDEN),
    (_THROTTLED, _TOO_MANY),
    (_STALE, _MOVED_ON),
    (_DUPLICATE, _CONFLICT),
    (_ABSENT, _GONE_OR_NEVER),
    (_REFUSED, _INVALID),
)
