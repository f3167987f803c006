"""What the CRM twin promises when it is well."""

import pytest

COMPANIES = "/v1/companies"


def test_nobody_gets_in_without_the_token(to_crm):
    """A missing or wrong token is 401 with a challenge, for every path of the API."""
    for wrong in ("", "Bearer nonsense", to_crm.credentials["X-Api-Key"]):
        reply = to_crm("GET", COMPANIES, headers={"Authorization": wrong})
        assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_created_record_comes_back_as_stored(crm, to_crm):
    """Text is trimmed, empty text is null, unknown and read-only fields are ignored, numbers stay exact."""
    sent = '{"name":"  Groß & Söhne ","phone":" ","annualRevenue":12345678901.10,"id":"mine","colour":"red"}'
    reply = to_crm("POST", COMPANIES, sent.encode())
    record = reply.json
    assert reply.status == 201
    assert record["name"] == "Groß & Söhne"
    assert record["phone"] is None
    assert str(record["annualRevenue"]) == "12345678901.10"
    assert record["id"].startswith("cmp_")
    assert "colour" not in record
    assert (record["status"], record["version"]) == ("lead", 1)
    assert record["createdAt"] == record["updatedAt"] == "2025-06-15T15:06:40.250Z"
    assert reply.headers["Location"] == f"{COMPANIES}/{record['id']}"
    assert to_crm.get(reply.headers["Location"]).json == record == crm.rows("companies")[0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": 5}, "name"),
        ({"name": "x", "status": "Aktiv"}, "status"),
        ({"name": "x", "currency": "€"}, "currency"),
        ({"name": "x", "email": "nobody"}, "email"),
        ({"name": "x", "country": "de"}, "country"),
        ({"name": "x", "annualRevenue": "12"}, "annualRevenue"),
        ({"name": "x", "annualRevenue": 1.234}, "annualRevenue"),
        ({"name": "x", "annualRevenue": True}, "annualRevenue"),
        ({"name": "x", "customFields": {"loyaltyTier": "wood"}}, "customFields.loyaltyTier"),
    ],
)
def test_a_bad_value_is_named_and_nothing_is_stored(crm, to_crm, body, field):
    reply = to_crm("POST", COMPANIES, body)
    assert (reply.status, reply.json["error"]["field"]) == (422, field)
    assert reply.json["error"]["message"]
    assert crm.rows("companies") == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"name":"\\ud800"}'])
def test_a_body_that_is_no_object_is_400(to_crm, body):
    assert to_crm("POST", COMPANIES, body).status == 400


def test_an_update_changes_only_what_is_sent(crm, to_crm, clock):
    """Custom fields are merged, unknown ones kept; the version and the time of change move."""
    made = crm.put("companies", {"name": "A", "city": "Köln", "customFields": {"loyaltyTier": "gold", "wunsch": 1}})
    clock.now += 1
    reply = to_crm("PATCH", f"{COMPANIES}/{made['id']}", {"name": "B", "customFields": {"newsletter": True}})
    changed = reply.json
    assert changed["customFields"] == {"loyaltyTier": "gold", "wunsch": 1, "newsletter": True}
    assert (changed["name"], changed["city"], changed["version"]) == ("B", "Köln", 2)
    assert (changed["createdAt"], changed["updatedAt"]) == ("2025-06-15T15:06:40.250Z", "2025-06-15T15:06:41.250Z")


def test_an_update_that_changes_nothing_is_no_change(crm, to_crm, clock):
    made = crm.put("companies", {"name": "A"})
    clock.now += 1
    assert to_crm("PATCH", f"{COMPANIES}/{made['id']}", {"name": " A "}).json == made


def test_if_match_protects_an_edit_made_meanwhile(crm, to_crm):
    """A stale ETag is 412 for updates and deletions; the current one, a list with it, or a star passes."""
    made = crm.put("companies", {"name": "A"})
    path = f"{COMPANIES}/{made['id']}"
    seen = to_crm.get(path).headers["ETag"]
    crm.change("companies", made["id"], {"city": "Köln"})
    for method, body in (("PATCH", {"name": "B"}), ("DELETE", None)):
        assert to_crm(method, path, body, {"If-Match": seen}).status == 412
    assert crm.row("companies", made["id"])["name"] == "A"
    now = to_crm.get(path).headers["ETag"]
    reply = to_crm("PATCH", path, {"name": "B"}, {"If-Match": f"{seen}, {now}"})
    assert (reply.status, reply.headers["ETag"] != now) == (200, True)
    assert to_crm("DELETE", path, headers={"If-Match": "*"}).status == 204


def test_a_strict_crm_wants_to_know_the_version(connect):
    from tallystick.testing.twins.crm import CrmTwin

    with CrmTwin(require_if_match=True) as strict:
        client = connect(strict)
        path = f"{COMPANIES}/{strict.put('companies', {'name': 'A'})['id']}"
        assert to_status(client, path) == (428, 428)
        assert client("PATCH", path, {"name": "B"}, {"If-Match": client.get(path).headers["ETag"]}).status == 200


def to_status(client, path):
    return client("PATCH", path, {"name": "B"}).status, client("DELETE", path).status


def test_a_deleted_record_is_gone_and_an_unknown_one_is_not_found(crm, to_crm):
    made = crm.put("companies", {"name": "A"})
    path = f"{COMPANIES}/{made['id']}"
    assert to_crm("DELETE", path).status == 204
    assert [to_crm(m, path, b).status for m, b in (("GET", None), ("PATCH", {"name": "B"}), ("DELETE", None))] == [
        410
    ] * 3
    assert to_crm.get(f"{COMPANIES}/cmp_nothing").status == 404
    assert to_crm.all(COMPANIES) == []
    crm.restore("companies", made["id"])
    assert to_crm.get(path).status == 200
    crm.purge("companies", made["id"])
    assert to_crm.get(path).status == 404


def test_contacts_lose_a_company_that_is_deleted(crm, to_crm):
    company = crm.put("companies", {"name": "A"})
    contact = to_crm("POST", "/v1/contacts", {"lastName": "Groß", "companyId": company["id"]}).json
    to_crm("DELETE", f"{COMPANIES}/{company['id']}")
    after = to_crm.get(f"/v1/contacts/{contact['id']}").json
    assert (after["companyId"], after["version"]) == (None, 2)
    assert to_crm("POST", "/v1/contacts", {"lastName": "Groß", "companyId": company["id"]}).status == 422


def test_pages_hold_every_record_once(crm, to_crm):
    """Offset and limit cut the listing in pieces; more than 200 are cut to 200; the total is that of the filter."""
    ids = crm.put_all("companies", [{"name": f"N{n % 7}"} for n in range(450)], range(1_700_000_000, 1_700_000_450))
    pages = list(to_crm.pages(COMPANIES, limit=1000))
    assert [len(p) for p in pages] == [200, 200, 50]
    assert sorted(r["id"] for p in pages for r in p) == sorted(ids)
    assert len(to_crm.get(COMPANIES).json["data"]) == 50
    for sort, key in (("name", "name"), ("id", "id"), ("updatedAt", "updatedAt")):
        values = [r[key] for r in to_crm.all(COMPANIES, sort=sort, limit=100)]
        assert values == sorted(values)
    newest = [r["updatedAt"] for r in to_crm.all(COMPANIES, sort="-updatedAt", limit=200)]
    assert newest == sorted(newest, reverse=True)
    assert to_crm.get(COMPANIES, offset=9999).json == {"data": [], "meta": {"total": 450}}


def test_updated_since_includes_its_instant(crm, to_crm, clock):
    """The boundary is inclusive and exact to the millisecond, in any zone."""
    crm.put("companies", {"name": "old"})
    clock.now += 0.001
    crm.put("companies", {"name": "new"})

    def since(text):
        return sorted(r["name"] for r in to_crm.all(COMPANIES, updatedSince=text))

    assert since("2025-06-15T15:06:40.250Z") == ["new", "old"]
    assert since("2025-06-15T15:06:40.250001Z") == ["new"]
    assert since("2025-06-15T17:06:40.251+02:00") == ["new"]
    assert since("2025-06-15T15:06:40.252Z") == []


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "x"},
        {"offset": "-1"},
        {"sort": "city"},
        {"sort": ""},
        {"updatedSince": "today"},
        {"updatedSince": "2025-06-15T15:06:40"},
    ],
)
def test_a_bad_parameter_is_named(to_crm, query):
    reply = to_crm.get(COMPANIES, **query)
    assert (reply.status, reply.json["error"]["field"]) == (422, next(iter(query)))


def test_equality_filters_find_duplicates_too(crm, to_crm):
    crm.put("companies", {"name": "A", "email": "a@x.example", "vatId": "DE1"})
    crm.put("companies", {"name": "B", "email": "a@x.example", "vatId": "DE2"})
    assert sorted(r["name"] for r in to_crm.all(COMPANIES, email="a@x.example")) == ["A", "B"]
    assert [r["name"] for r in to_crm.all(COMPANIES, email="a@x.example", vatId="DE2")] == ["B"]


def test_an_idempotency_key_creates_once(crm, to_crm):
    """Same key and body: same answer, even after an edit. Other body: refused. Other key: another record."""
    first = to_crm("POST", COMPANIES, {"name": "A"}, {"Idempotency-Key": "k1"})
    crm.change("companies", first.json["id"], {"name": "B"})
    again = to_crm("POST", COMPANIES, {"name": "A"}, {"Idempotency-Key": "k1"})
    assert (again.status, again.body, again.headers["ETag"]) == (201, first.body, first.headers["ETag"])
    assert to_crm("POST", COMPANIES, {"name": "C"}, {"Idempotency-Key": "k1"}).status == 422
    assert len(crm.rows("companies")) == 1
    assert to_crm("POST", COMPANIES, {"name": "A"}, {"Idempotency-Key": "k2"}).json["id"] != first.json["id"]
    assert [e.applied for e in crm.log] == [True, False, False, True]


def test_a_refused_create_does_not_use_up_its_key(to_crm):
    assert to_crm("POST", COMPANIES, {"name": ""}, {"Idempotency-Key": "k"}).status == 422
    assert to_crm("POST", COMPANIES, {"name": "A"}, {"Idempotency-Key": "k"}).status == 201


def test_unknown_paths_and_methods_are_refused(to_crm):
    assert to_crm.get("/v1/nothing").status == 404
    assert to_crm("PUT", COMPANIES, {}).status == 405
    assert to_crm("POST", f"{COMPANIES}/x", {}).status == 405


def test_records_survive_in_a_file(tmp_path, connect):
    """A twin that is started again on its file has its records, versions and idempotency keys."""
    from tallystick.testing.twins.crm import CrmTwin

    path = str(tmp_path / "crm.db")
    with CrmTwin(database=path) as before:
        made = connect(before)("POST", COMPANIES, {"name": "A"}, {"Idempotency-Key": "k"}).json
        before.change("companies", made["id"], {"name": "B"})
    with CrmTwin(database=path) as after:
        assert after.row("companies", made["id"])["version"] == 2
        assert connect(after)("POST", COMPANIES, {"name": "A"}, {"Idempotency-Key": "k"}).json == made
        assert len(after.rows("companies")) == 1
