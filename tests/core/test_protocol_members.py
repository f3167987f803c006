"""What belongs to the protocol is told from what belongs to the record by names alone."""

import pytest

from tallystick.core.protocol_members import protocol_members


@pytest.mark.parametrize(
    ("names", "own"),
    [
        (["id", "name"], []),
        (["id", "name", "links", "meta", "type"], []),  # fields as good as any, where nothing says JSON:API
        (["id", "_id", "_links", "_embedded", "name"], ["_embedded", "_links"]),
        (["__metadata", "Code", "to_Plant"], ["__metadata"]),
        (["__deferred"], ["__deferred"]),
        (["@odata.etag", "@type", "Photo@odata.mediaReadLink", "mail@home"], [
            "@odata.etag", "@type", "Photo@odata.mediaReadLink",
        ]),
        (["type", "id", "attributes", "links", "meta", "relationships"], ["links", "meta", "type"]),
        (["type", "id", "attributes", "links", "colour"], []),
        (["loyalty__c"], []),
    ],
)  # fmt: skip
def test_only_the_protocols_own_are_taken(names, own):
    assert sorted(protocol_members(names)) == own
