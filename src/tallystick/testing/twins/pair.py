"""One made-up world as two systems have it: mostly the same, with what is never missing in real files.

``world`` is pure, so that each twin may be filled in a process of its own and both still fit together.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random  # noqa: TID251 - seeded: the same seed makes the same world
from typing import Final, Literal

from tallystick.core.error import InvalidValue
from tallystick.core.record import Raw
from tallystick.testing.twins.people import LONGEST_NAME, Company, People, Person
from tallystick.testing.twins.twin import Twin

Kind = Literal["same", "crm_only", "erp_only", "ambiguous", "differing", "bad"]
STATUS_LABELS: Final = {"lead": "Interessent", "active": "Aktiv", "paused": "Pausiert", "lost": "Verloren"}
CURRENCY_SYMBOLS: Final = {"EUR": "€", "USD": "$", "GBP": "£", "CHF": "CHF"}
COMPANY_SHARE: Final = 0.35
ONLY_SHARE: Final = 0.08
DOUBLE_SHARE: Final = 0.015
DIFFERING_SHARE: Final = 0.04
BAD_SHARE: Final = 0.02
_COMPANY_DIFFERENCES: Final = ("phone", "city", "revenue", "status", "contact")
_PERSON_DIFFERENCES: Final = ("phone", "status", "first name")
_COMPANY_HARMS: Final = ("long name", "unknown option", "no symbol", "empty keys", "phone", "amount")
_PERSON_HARMS: Final = ("long name", "unknown option", "empty keys", "phone", "address spelling")
_LEAST: Final = 50
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Entry:
    """One company or person as each side has it; ``company`` is the place of a person's company in the world.

    ``note`` says what is special about it. The times are ages in seconds.
    """

    kind: Kind
    crm: Raw | None
    erp: Raw | None
    company: int | None = None
    note: str = ""
    crm_age: float = 0
    erp_age: float = 0


@dataclass(frozen=True, slots=True)
class World:
    """All companies and persons of both systems."""

    companies: list[Entry]
    persons: list[Entry]


@dataclass(frozen=True, slots=True)
class Plant:
    """One entry that is not the same on both sides, with the ids that it got."""

    object: Literal["company", "person"]
    kind: Kind
    note: str
    crm_id: str | None
    erp_id: str | None


@dataclass(frozen=True, slots=True)
class Planted:
    """What a pair of twins was filled with: records by object, entries by kind, and all but the ``same`` ones."""

    crm: dict[str, int]
    erp: dict[str, int]
    kinds: dict[Kind, int]
    plants: tuple[Plant, ...] = field(repr=False)


def seed_pair(crm: Twin, erp: Twin, seed: int = 1, records: int = 2000) -> Planted:
    """Fill both twins, which must be empty, with ``records`` each, and tell what was planted."""
    made = world(seed, records)
    companies, contacts = fill_crm(crm, made)
    partners = fill_erp(erp, made)
    entries = [*made.companies, *made.persons]
    crm_ids = [*companies, *contacts]
    plants = [
        Plant("company" if n < len(made.companies) else "person", entry.kind, entry.note, crm_ids[n], partners[n])
        for n, entry in enumerate(entries)
        if entry.kind != "same"
    ]
    return Planted(
        {"companies": _present(companies), "contacts": _present(contacts)},
        {"partner": _present(partners)},
        dict(Counter(e.kind for e in entries)),
        tuple(plants),
    )


def _present(ids: Sequence[str | None]) -> int:
    return sum(i is not None for i in ids)


def fill_crm(twin: Twin, made: World) -> tuple[list[str | None], list[str | None]]:
    """Fill the CRM's half; give the ids by place in the world, ``None`` for what it does not have."""
    now = twin.clock()
    contacts = []
    with twin.database.write():
        companies = _fill(twin, "companies", [(e.crm, now - e.crm_age) for e in made.companies])
        for e in made.persons:
            company = companies[e.company] if e.company is not None else None
            contacts.append((e.crm and e.crm | {"companyId": company}, now - e.crm_age))
        return companies, _fill(twin, "contacts", contacts)


def fill_erp(twin: Twin, made: World) -> list[str | None]:
    """Fill the ERP's half; give the ids by place in the world, companies first."""
    now = twin.clock()
    persons = []
    with twin.database.write():
        firms = _fill(twin, "partner", [(e.erp, now - e.erp_age) for e in made.companies])
        for e in made.persons:
            firm = firms[e.company] if e.company is not None else None
            persons.append((e.erp and e.erp | {"firma_id": int(firm) if firm else None}, now - e.erp_age))
        return firms + _fill(twin, "partner", persons)


def _fill(twin: Twin, object_name: str, rows: Sequence[tuple[Raw | None, float]]) -> list[str | None]:
    there = [(record, at) for record, at in rows if record is not None]
    # The order of age is the order of creation, so that neighbours in one system are none in the other.
    there.sort(key=lambda row: row[1])
    ids = twin.put_all(object_name, [r for r, _ in there], [at for _, at in there])
    by_record = {id(record): record_id for (record, _), record_id in zip(there, ids, strict=True)}
    return [None if record is None else by_record[id(record)] for record, _ in rows]


def world(seed: int = 1, records: int = 2000) -> World:
    """Make the world of a seed, with ``records`` on each side.

    About 8 % are on one side only, 3 % are ambiguous (a second record with the same key on one side), 4 % differ in a
    field and 2 % are bad.

    Raises:
        InvalidValue: too few to have all of that.
    """
    if records < _LEAST:
        raise InvalidValue(f"a world has at least {_LEAST} records, not {records}")
    people = People(seed)
    dice = Random(f"world {seed}")  # noqa: S311 - no secret depends on it
    count = round(records * COMPANY_SHARE)
    source = people.companies()
    companies = _entries(count, dice, lambda kind, n: _company(next(source), kind, n, dice), _double_company)
    places: dict[str, list[int]] = {
        "crm": [n for n, e in enumerate(companies) if e.crm],
        "erp": [n for n, e in enumerate(companies) if e.erp],
        "both": [n for n, e in enumerate(companies) if e.crm and e.erp and e.kind != "bad"],
    }

    def make_person(kind: Kind, n: int) -> Entry:
        choice = places.get(kind.removesuffix("_only"), places["both"])
        at = dice.choice(choice) if dice.random() > 0.05 else None  # noqa: PLR2004 - few belong to nobody
        return _person(people.person(_domain(companies, at)), kind, n, dice, at)

    persons = _entries(records - count, dice, make_person, _double_person)
    return World(companies, persons)


def _domain(companies: list[Entry], at: int | None) -> str:
    if at is None:
        return "freiberuflich.example"
    address: str = (companies[at].crm or companies[at].erp or {}).get("email") or "info@ohne-adresse.test"
    return address.partition("@")[2]


def _entries(
    count: int, dice: Random, make: Callable[[Kind, int], Entry], double: Callable[[Entry, str, Random], Entry]
) -> list[Entry]:
    only, doubles = round(count * ONLY_SHARE), max(1, round(count * DOUBLE_SHARE))
    both = count - only - doubles
    differing, bad = round(both * DIFFERING_SHARE), max(1, round(both * BAD_SHARE))
    ambiguous = 2 * doubles
    counts: dict[Kind, int] = {
        "ambiguous": ambiguous,
        "differing": differing,
        "bad": bad,
        "same": both - ambiguous - differing - bad,
        "crm_only": only,
        "erp_only": only,
    }
    entries = [make(kind, n) for kind, times in counts.items() for n in range(times)]
    originals = entries[:ambiguous]
    entries += [double(o, side, dice) for o, side in zip(originals, ["crm", "erp"] * doubles, strict=True)]
    return [replace(e, crm_age=_age(dice), erp_age=_age(dice)) for e in entries]


def _age(dice: Random) -> float:
    return dice.randrange(_DAY * 1000, _DAY * 900_000) / 1000


# --- one world, two spellings -------------------------------------------------------------------------------------


def _spell_amount(amount: Decimal | None) -> str | None:
    if amount is None:
        return None
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def _crm_company(c: Company) -> Raw:
    return {
        "name": c.name, "vatId": c.vat_id, "email": c.email, "phone": c.phone, "contactName": c.contact,
        "postalCode": c.postal_code, "city": c.city, "country": c.country, "annualRevenue": c.revenue,
        "currency": c.currency, "status": c.status,
    }  # fmt: skip


def _erp_company(c: Company) -> Raw:
    return {
        "art": "firma", "name1": c.name, "ust_id": c.vat_id, "email": c.email, "telefon": c.phone,
        "ansprechpartner": c.contact, "plz": c.postal_code, "ort": c.city, "land": c.country,
        "umsatz": _spell_amount(c.revenue), "waehrung": CURRENCY_SYMBOLS[c.currency] if c.currency else None,
        "status": STATUS_LABELS[c.status],
    }  # fmt: skip


def _crm_person(p: Person) -> Raw:
    return {
        "firstName": p.first_name, "lastName": p.last_name, "email": p.email, "phone": p.phone, "jobTitle": p.title,
        "status": p.status,
    }  # fmt: skip


def _erp_person(p: Person) -> Raw:
    return {
        "art": "person", "name1": p.last_name, "vorname": p.first_name, "email": p.email, "telefon": p.phone,
        "status": STATUS_LABELS[p.status],
    }  # fmt: skip


def _company(company: Company, kind: Kind, n: int, dice: Random) -> Entry:
    crm, erp = _crm_company(company), _erp_company(company)
    note = ""
    if kind == "differing":
        note = _differ(crm, erp, _COMPANY_DIFFERENCES[n % len(_COMPANY_DIFFERENCES)], dice)
    elif kind == "ambiguous":
        note = "has a double"
    elif kind == "bad":
        note = _harm(crm, erp, _COMPANY_HARMS[n % len(_COMPANY_HARMS)], dice)
    crm["customFields"] = {"loyaltyTier": dice.choice(("none", "silver", "gold"))}
    return Entry(kind, None if kind == "erp_only" else crm, None if kind == "crm_only" else erp, note=note)


def _person(person: Person, kind: Kind, n: int, dice: Random, company: int | None) -> Entry:
    crm, erp = _crm_person(person), _erp_person(person)
    note = ""
    if kind == "differing":
        note = _differ(crm, erp, _PERSON_DIFFERENCES[n % len(_PERSON_DIFFERENCES)], dice)
    elif kind == "ambiguous":
        note = "has a double"
    elif kind == "bad":
        note = _harm(crm, erp, _PERSON_HARMS[n % len(_PERSON_HARMS)], dice)
    return Entry(kind, None if kind == "erp_only" else crm, None if kind == "crm_only" else erp, company, note)


def _double_company(original: Entry, side: str, _: Random) -> Entry:
    """Enter a company a second time on one side: same keys, shorter name."""
    crm = (original.crm or {}) | {"name": _shorter((original.crm or {})["name"]), "phone": None}
    erp = (original.erp or {}) | {"name1": _shorter((original.erp or {})["name1"]), "telefon": None}
    return Entry("ambiguous", crm if side == "crm" else None, erp if side == "erp" else None, None, "double")


def _shorter(name: str) -> str:
    return name.rsplit(" ", 1)[0]


def _double_person(original: Entry, side: str, dice: Random) -> Entry:
    """Give another person the same e-mail address, as couples and offices have."""
    first = dice.choice(("Hannelore", "Siegfried", "Dr. Büşra"))
    crm, erp = (original.crm or {}) | {"firstName": first}, (original.erp or {}) | {"vorname": first}
    is_crm = side == "crm"
    return Entry("ambiguous", crm if is_crm else None, None if is_crm else erp, original.company, "double")


def _differ(crm: Raw, erp: Raw, way: str, dice: Random) -> str:
    """Change one field on one side to another good value; give the field."""
    match way:
        case "phone":
            crm["phone"] = f"+49 30 23125{dice.randrange(1000):03d}" if crm["phone"] else "+49 30 23125999"
            erp["telefon"] = "+49 171 3920007"
        case "city":
            erp["ort"], erp["plz"] = "Hückelhoven", "41836"
        case "revenue":
            erp["umsatz"], erp["waehrung"] = "98.765,40", "€"
        case "status":
            erp["status"] = "Verloren" if crm["status"] != "lost" else "Aktiv"
        case "contact":
            crm["contactName"] = "Änne Sommerfeld-Groß"
        case _:
            crm["firstName"] = f"{crm['firstName']} Maria"
    return way


def _harm(crm: Raw, erp: Raw, way: str, dice: Random) -> str:
    """Spoil one field as old files have it; give what was done."""
    match way:
        case "long name" if "lastName" in crm:
            crm["lastName"] = f"{crm['lastName']} von und zu Hohenlangenstein-Waldenfels"
            erp["name1"] = crm["lastName"][:LONGEST_NAME]
        case "long name":
            crm["name"] = f"{crm['name']} Vertriebs- und Beteiligungsgesellschaft"
            erp["name1"] = crm["name"][:LONGEST_NAME]
        case "unknown option":
            erp["status"] = "Gesperrt"
        case "no symbol":
            crm |= {"currency": "PLN", "annualRevenue": Decimal("250000.00")}
            erp |= {"waehrung": None, "umsatz": "250.000,00"}
        case "empty keys":
            crm |= {k: None for k in ("email", "vatId") if k in crm}
            erp |= {k: "" for k in ("email", "ust_id") if k in erp}
        case "phone":
            crm["phone"], erp["telefon"] = "+49 30 23125017", "030/23125-17 (Mo-Fr), Fr. Groß"
        case "amount":
            crm |= {"annualRevenue": Decimal("1234.50"), "currency": "EUR"}
            erp |= {"umsatz": dice.choice(("1.234,5", "1234.50", "EUR 1.234,50", "k. A.")), "waehrung": "€"}
        case _:
            erp["email"] = f" {crm['email'].upper()}"
    return way
