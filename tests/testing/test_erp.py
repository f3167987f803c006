"""What the ERP twin promises when it is well."""

import pytest

from tallystick.testing.twins.erp import Bucket, ErpTwin

PARTNER = "/api/partner"
FIRMA = {"art": "firma", "name1": "Groß & Söhne"}


def complaints(reply):
    return [c["feld"] for c in reply.json["fehler"]]


def test_nobody_gets_in_without_the_key(to_erp):
    assert to_erp("GET", PARTNER, headers={"X-Api-Key": "nonsense"}).status == 401


def test_a_created_partner_comes_back_as_stored(erp, to_erp):
    """Ids are numbers, times are Berlin wall time, amounts get their points, the customer number is given."""
    reply = to_erp("POST", PARTNER, FIRMA | {"umsatz": "1234567,50", "waehrung": "€"})
    record = reply.json
    assert reply.status == 201
    assert (record["id"], record["lfd_nr"], record["geloescht"]) == (1, 1, False)
    assert record["angelegt_am"] == record["geaendert_am"] == "15.06.2025 17:06:40"
    assert (record["umsatz"], record["status"], record["kundennummer"]) == ("1.234.567,50", "Interessent", "K100001")
    assert to_erp.get(f"{PARTNER}/1").json == record == erp.rows("partner")[0]


def test_winter_and_summer_have_their_own_hour(erp, to_erp, clock):
    """Wall time follows the zone; in the autumn hour that happens twice, since cannot tell the two apart."""
    clock.now = 1_736_935_200  # 2025-01-15T10:00:00Z
    assert to_erp("POST", PARTNER, FIRMA).json["angelegt_am"] == "15.01.2025 11:00:00"
    for moment in (1_761_436_800, 1_761_440_400):  # 2025-10-26T00:00:00Z and 01:00:00Z
        clock.now = moment
        assert to_erp("POST", PARTNER, FIRMA).json["geaendert_am"] == "26.10.2025 02:00:00"
    assert [r["id"] for r in to_erp.all(PARTNER, geaendert_seit="26.10.2025 02:00:00")] == [2, 3]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["art", "name1"]),
        ({"art": "verein", "name1": "x"}, ["art"]),
        (FIRMA | {"name1": "x" * 41}, ["name1"]),
        (FIRMA | {"name1": ""}, ["name1"]),
        (FIRMA | {"name1": None}, ["name1"]),
        (FIRMA | {"colour": "red", "id": 7}, ["colour", "id"]),
        (FIRMA | {"status": "active"}, ["status"]),
        (FIRMA | {"waehrung": "EUR"}, ["waehrung"]),
        (FIRMA | {"umsatz": "1234.50"}, ["umsatz"]),
        (FIRMA | {"umsatz": "1.23,50"}, ["umsatz"]),
        (FIRMA | {"umsatz": 12}, ["umsatz"]),
        (FIRMA | {"telefon": "030 23125 Durchwahl 7"}, ["telefon"]),
        (FIRMA | {"email": "nobody"}, ["email"]),
        (FIRMA | {"firma_id": 99}, ["firma_id"]),
        ({"art": "person", "name1": "x", "firma_id": 99}, ["firma_id"]),
        ({"art": "person", "name1": "x", "firma_id": "1"}, ["firma_id"]),
    ],
)
def test_validation_is_strict_and_names_every_field(erp, to_erp, body, fields):
    reply = to_erp("POST", PARTNER, body)
    assert (reply.status, complaints(reply)) == (400, fields)
    assert erp.rows("partner") == []


def test_a_length_limit_counts_characters_not_bytes(to_erp):
    assert to_erp("POST", PARTNER, FIRMA | {"name1": "ß" * 40}).status == 201


@pytest.mark.parametrize("field", ["kundennummer", "fremdschluessel"])
def test_unique_fields_are_unique_in_the_trash_too(erp, to_erp, field):
    """A value that a deleted partner has is still taken; blank may repeat; a partner may keep its own."""
    made = to_erp("POST", PARTNER, FIRMA | {field: "X1"}).json
    to_erp("DELETE", f"{PARTNER}/{made['id']}")
    reply = to_erp("POST", PARTNER, FIRMA | {field: "X1"})
    assert (reply.status, complaints(reply)) == (409, [field])
    second = to_erp("POST", PARTNER, FIRMA).json
    third = to_erp("POST", PARTNER, FIRMA | {field: "X3"}).json
    assert to_erp("PATCH", f"{PARTNER}/{second['id']}", {field: "X3"}).status == 409
    assert to_erp("PATCH", f"{PARTNER}/{third['id']}", {field: "X3"}).status == 200


def test_a_given_customer_number_never_meets_one_that_a_client_chose(erp, to_erp):
    to_erp("POST", PARTNER, FIRMA | {"kundennummer": "K100002"})
    assert to_erp("POST", PARTNER, FIRMA).json["kundennummer"] == "K100003"


def test_every_write_counts_as_a_change(erp, to_erp, clock):
    made = to_erp("POST", PARTNER, FIRMA).json
    clock.now += 61
    after = to_erp("PATCH", f"{PARTNER}/1", {"name1": made["name1"]}).json
    assert (after["lfd_nr"], after["geaendert_am"]) == (2, "15.06.2025 17:07:41")
    assert after["angelegt_am"] == made["angelegt_am"]


def test_if_match_takes_the_row_version(erp, to_erp):
    to_erp("POST", PARTNER, FIRMA)
    erp.change("partner", 1, {"ort": "Köln"})
    assert to_erp("PATCH", f"{PARTNER}/1", {"name1": "B"}, {"If-Match": '"1"'}).status == 412
    assert to_erp("DELETE", f"{PARTNER}/1", headers={"If-Match": '"1"'}).status == 412
    assert to_erp("PATCH", f"{PARTNER}/1", {"name1": "B"}, {"If-Match": '"2"'}).status == 200


def test_a_deleted_partner_stays_readable_and_is_listed_on_request(erp, to_erp):
    for _ in range(2):
        to_erp("POST", PARTNER, FIRMA)
    reply = to_erp("DELETE", f"{PARTNER}/1")
    assert (reply.status, reply.json["geloescht"], reply.json["lfd_nr"]) == (200, True, 2)
    assert to_erp("DELETE", f"{PARTNER}/1").json == reply.json == to_erp.get(f"{PARTNER}/1").json
    assert to_erp("PATCH", f"{PARTNER}/1", {"name1": "B"}).status == 409
    assert [r["id"] for r in to_erp.all(PARTNER)] == [2]
    assert [r["id"] for r in to_erp.all(PARTNER, mit_geloeschten=1)] == [1, 2]
    assert erp.restore("partner", 1)["geloescht"] is False
    assert to_erp.get(f"{PARTNER}/77").status == to_erp.get(f"{PARTNER}/x").status == 404


def test_cursor_pages_hold_every_record_once_even_while_records_come(erp, to_erp):
    """A keyset cursor does not shift; what comes meanwhile comes last."""
    erp.put_all("partner", [FIRMA] * 25, [1_700_000_000] * 25)
    seen = []
    for n, page in enumerate(to_erp.pages(PARTNER, page_size=10)):
        seen += [r["id"] for r in page]
        if n == 0:
            erp.put("partner", FIRMA)
            erp.remove("partner", 3)
    assert seen == list(range(1, 27))
    assert to_erp.get(PARTNER, page_size=25).json["next_cursor"] is None


def test_a_full_last_page_has_no_next_one(erp, to_erp):
    erp.put_all("partner", [FIRMA] * 20, [1_700_000_000] * 20)
    assert [len(p) for p in to_erp.pages(PARTNER, page_size=10)] == [10, 10]


@pytest.mark.parametrize(
    "query",
    [
        {"page_size": "501"},
        {"page_size": "0"},
        {"cursor": "!!"},
        {"cursor": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTox"},
        {"geaendert_seit": "2025-06-15"},
        {"geaendert_seit": "31.02.2025 00:00:00"},
        {"art": "x"},
        {"colour": "red"},
        {"mit_geloeschten": "ja"},
    ],
)
def test_a_bad_parameter_is_refused_by_name(to_erp, query):
    reply = to_erp.get(PARTNER, **query)
    assert (reply.status, complaints(reply)) == (400, list(query))


def test_filters_find_by_value(erp, to_erp):
    erp.put("partner", FIRMA | {"ust_id": "DE1", "email": "a@x.example"})
    erp.put("partner", {"art": "person", "name1": "Groß", "email": "a@x.example", "fremdschluessel": "f"})
    found = {name: [r["id"] for r in to_erp.all(PARTNER, **{name: v})] for name, v in FILTERS.items()}
    assert found == {"ust_id": [1], "email": [1, 2], "fremdschluessel": [2], "art": [2]}


FILTERS = {"ust_id": "DE1", "email": "a@x.example", "fremdschluessel": "f", "art": "person"}


def test_a_person_belongs_to_a_living_company(erp, to_erp):
    erp.put("partner", FIRMA)
    person = {"art": "person", "name1": "Groß", "firma_id": 1}
    assert to_erp("POST", PARTNER, person).json["firma_id"] == 1
    assert complaints(to_erp("POST", PARTNER, person | {"firma_id": 2})) == ["firma_id"]
    assert complaints(to_erp("PATCH", f"{PARTNER}/1", {"firma_id": 1})) == ["firma_id"]
    erp.remove("partner", 1)
    assert complaints(to_erp("POST", PARTNER, person)) == ["firma_id"]


def test_a_batch_answers_for_each_item_in_order(erp, to_erp):
    """One bad item does not harm the others."""
    items = [FIRMA, {"art": "x"}, FIRMA | {"kundennummer": "A"}, FIRMA | {"kundennummer": "A"}, "no object"]
    reply = to_erp("POST", f"{PARTNER}/stapel", {"partner": items})
    results = reply.json["ergebnisse"]
    assert (reply.status, [r["status"] for r in results]) == (200, [201, 400, 201, 409, 400])
    assert [r.get("partner", {}).get("id") for r in results] == [1, None, 2, None, None]
    assert [r["fehler"][0]["feld"] for r in results if "fehler" in r] == ["art", "kundennummer", ""]
    assert len(erp.rows("partner")) == 2


@pytest.mark.parametrize("body", [{}, {"partner": []}, {"partner": {}}, {"partner": [FIRMA] * 101}])
def test_a_batch_has_one_to_a_hundred_items(erp, to_erp, body):
    assert to_erp("POST", f"{PARTNER}/stapel", body).status == 400
    assert erp.rows("partner") == []


def test_too_many_requests_are_told_to_wait(connect):
    with ErpTwin(rate_limit=0.5, burst=3) as slow:
        client = connect(slow)
        replies = [client.get(PARTNER) for _ in range(5)]
        assert [r.status for r in replies] == [200, 200, 200, 429, 429]
        assert replies[-1].headers["Retry-After"] == "2"


def test_a_bucket_fills_at_its_rate_up_to_its_burst():
    now = [0.0]
    bucket = Bucket(10, 2, lambda: now[0])
    assert [bucket.take() for _ in range(3)] == [0, 0, pytest.approx(0.1)]
    now[0] = 0.1
    assert [bucket.take() for _ in range(2)] == [0, pytest.approx(0.1)]
    now[0] = 100
    assert [bucket.take() > 0 for _ in range(3)] == [False, False, True]


def test_unknown_paths_and_methods_are_refused(to_erp):
    assert to_erp.get("/api/nothing").status == 404
    assert to_erp("PUT", PARTNER, {}).status == 405
    assert to_erp("PUT", f"{PARTNER}/1", {}).status == 405
