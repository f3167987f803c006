"""What refusals mean: not there, taken, moved on, not allowed, refused, or unknown, however they are said."""

import pytest
from tests.systems.soap_server import Reply, envelope, reply

from tallystick.core.error import (
    Absent,
    AccessError,
    Duplicate,
    Refused,
    RemoteError,
    Stale,
    Throttled,
    Unavailable,
)
from tallystick.core.ports import NotThere, Update


def fault(code, text, detail="", status=500):
    inside = f"<faultcode>{code}</faultcode><faultstring>{text}</faultstring><detail>{detail}</detail>"
    return reply(f"<s:Fault>{inside}</s:Fault>", status)


def create(shop):
    return shop.run(shop.connector.create("item", {"name": "Mug"}, ""))


def update(shop):
    return shop.run(shop.connector.update("item", Update("7", {"name": "Mug"})))


@pytest.mark.parametrize(
    ("said", "kind", "applied"),
    [
        (fault("s:Server", "NullPointerException"), Unavailable, "unknown"),
        (fault("s:Client", "name must not be empty"), Refused, "no"),
        (fault("s:Server", "bad", "<ValidationFault><field>name</field></ValidationFault>"), Refused, "no"),
        (fault("s:Client.ItemNotFound", "gone"), Absent, "no"),
        (fault("s:Server", "Item 7 does not exist"), Absent, "no"),
        (fault("s:Server", "Item 17 does not exist"), Unavailable, "unknown"),
        (fault("s:Server", "x", "<ns:OptimisticLockException xmlns:ns='urn:n'/>"), Stale, "no"),
        (fault("s:Client", "Method 'ChangeItem' not found"), RemoteError, "no"),
        (fault("s:Client.ResourceNotFound", "Requested resource '{urn:x}ChangeItem' not found"), RemoteError, "no"),
        (fault("s:MustUnderstand", "header"), RemoteError, "no"),
        (fault("s:Server", "slow down", "<TooManyRequests/>"), Throttled, "no"),
    ],
)
def test_a_fault_is_told_by_its_names_and_is_unknown_otherwise(shop, said, kind, applied):
    """Only what is beyond doubt counts as not carried out; prose is believed where it names the record."""
    shop.answers(said)
    with pytest.raises(RemoteError) as failed:
        update(shop)
    assert (type(failed.value), failed.value.applied) == (kind, applied)
    assert "fault" in failed.value.detail
    assert not failed.value.detail.startswith("status")


@pytest.mark.parametrize(
    "said",
    [
        fault("wsse:FailedAuthentication", "no"),
        fault("s:Client", "x", "<InvalidSessionFault/>"),
        Reply(401, {}, b""),
        Reply(403, {"Content-Type": "text/html"}, b"<html>no</html>"),
    ],
)
def test_credentials_that_are_not_taken_stop_the_run(shop, said):
    """They are the operator's matter, whichever way they are refused."""
    shop.answers(said)
    with pytest.raises(AccessError):
        update(shop)


def test_a_key_that_exists_is_a_duplicate_for_a_new_record(shop):
    """So that the record is looked for and adopted."""
    shop.answers(fault("s:Server", "A mug with this name already exists"))
    with pytest.raises(Duplicate):
        create(shop)


def test_a_refusal_with_status_200_is_a_refusal(shop):
    """And the report says that the service does so."""
    shop.answers(fault("s:Client", "no", status=200))
    with pytest.raises(Refused):
        create(shop)
    assert any("status 200" in each for each in shop.connector.oddities())


def test_a_fault_in_a_foreign_namespace_is_a_fault(shop):
    """Whatever namespace it is in, or in none."""
    inside = "<x:Fault xmlns:x='urn:x'><faultcode>Client</faultcode><faultstring>no</faultstring></x:Fault>"
    shop.answers(reply(inside))
    with pytest.raises(Refused):
        create(shop)


def test_the_newer_kind_of_fault_is_read(shop):
    """Codes within codes, and texts in languages."""
    inside = (
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>m:ItemNotFound</s:Value></s:Subcode></s:Code>"
        "<s:Reason><s:Text xml:lang='en'>No item</s:Text></s:Reason></s:Fault>"
    )
    body = envelope(inside, "http://www.w3.org/2003/05/soap-envelope").replace(b"m:Item", b"Item")
    shop.answers(Reply(500, {"Content-Type": "application/soap+xml"}, body))
    found = shop.run(shop.connector.get("item", "7"))
    assert isinstance(found, NotThere)
    assert found.evidence == "shop/item/7: fault Sender.ItemNotFound: No item"
    assert not found.gone


def test_the_words_of_the_manifest_come_first(shop):
    """What nobody could guess is written down once."""
    shop.change(faults={"absent": ["E-404"], "refused": ["E-1"], "stale": ["E-9"], "access": ["E-5"]})
    for text, kind in (("E-404", Absent), ("E-1", Refused), ("E-9", Stale), ("E-5", AccessError)):
        shop.answers(fault("s:Server", f"failed: {text}"))
        with pytest.raises(kind):
            update(shop)


def test_an_error_in_an_answer_without_fault_is_found_where_the_manifest_says(shop):
    """Services that never send faults have their errors in the answer."""
    calls = shop.manifest.model_dump(by_alias=True)["soap"]["operations"]
    calls["ChangeItem"]["error"] = "status.message"
    shop.change(operations=calls)
    shop.answers(reply("<ChangeItemResponse><status><message>name too long</message></status></ChangeItemResponse>"))
    with pytest.raises(Refused, match="name too long"):
        update(shop)
    shop.answers(reply("<ChangeItemResponse><status><message/></status></ChangeItemResponse>"))
    assert update(shop).id == "7"


def test_a_read_that_fails_is_not_there_never(shop):
    """A failing service says nothing about the record."""
    shop.answers(fault("s:Server", "database is away"))
    with pytest.raises(Unavailable):
        shop.run(shop.connector.get("item", "7"))


def test_a_write_whose_answer_is_lost_is_unknown(shop):
    """A page instead of an answer proves neither success nor refusal."""
    shop.answers(Reply(200, {"Content-Type": "text/html"}, b"<html><title>Oops</title></html>"))
    with pytest.raises(RemoteError) as failed:
        create(shop)
    assert failed.value.applied == "unknown"


def test_only_messages_of_the_told_kind_are_refusals(shop):
    """Some services answer every call with messages: warnings and successes among them."""
    calls = shop.manifest.model_dump(by_alias=True)["soap"]["operations"]
    calls["ChangeItem"]["error"] = {"path": "RETURN.item", "message": "MESSAGE", "where": {"TYPE": ["E", "A"]}}
    shop.change(operations=calls)

    def messages(*kinds):
        rows = "".join(f"<item><TYPE>{kind}</TYPE><MESSAGE>{text}</MESSAGE></item>" for kind, text in kinds)
        return reply(f"<ChangeItemResponse><RETURN>{rows}</RETURN></ChangeItemResponse>")

    shop.answers(messages(("W", "price is low"), ("S", "saved")))
    assert update(shop).id == "7"
    shop.answers(messages(("W", "price is low"), ("E", "material is blocked")))
    with pytest.raises(Refused, match="material is blocked"):
        update(shop)
