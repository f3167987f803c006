"""Systems that keep JSON:API or HAL keep the contract by a manifest that was made from one answer of their listing."""

import urllib.request
from typing import ClassVar

import pytest
from tests.systems.convention_twins import Hal, JsonApi, served_convention

from tallystick.connectors.describe.samples import Sample, describe_samples
from tallystick.connectors.http.message import Headers, Response
from tallystick.connectors.rest import open_system
from tallystick.project.manifest import Manifest
from tallystick.testing.conformance import ConnectorConformance


def sampled(url):
    """Ask a listing as the command line does."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        return Sample(url, Response(answer.status, Headers.of(answer.headers.items()), answer.read(), url))


class _Described(ConnectorConformance):
    __test__ = False
    object_name = "articles"
    texts = tuple(text for text in ConnectorConformance.texts if len(text) <= 40)
    service: ClassVar[type]

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def system(cls):
        """One system for all laws, described when it had some records."""
        with served_convention(cls.service) as (url, cls.shelf):
            for number in map(str, range(1, 6)):
                cls.shelf.write(number, {"title": f"Sample {number}", "rank": 1, "note": "one"})
            cls.described = describe_samples([sampled(url)])
            yield

    def open(self):
        self.shelf.rows.clear()
        content = self.described.model_dump(by_alias=True)
        content["objects"]["articles"]["version"] = content["objects"]["articles"]["modified"]
        self.manifest = Manifest.model_validate(content)
        return self.reopen()

    def reopen(self):
        return open_system("desk", self.manifest, self)

    def resolve(self, reference):
        raise AssertionError(f"there are no secrets, and {reference} was asked for")


class TestJsonApi(_Described):
    """Attributes, next links, type and id in each body, errors with pointers."""

    __test__ = True
    service = JsonApi
    text_field = "attributes.title"
    integer_field = "attributes.rank"
    nullable_field = "attributes.note"
    kept_by_system = frozenset({"meta"})
    refuses_unknown_fields = False  # what stands beside the attributes is not looked at

    def body(self, number):
        return {"attributes": {"title": f"Article {number}"}}

    def bad_body(self):
        return {"attributes": {"title": "x" * 41}}


class TestHal(_Described):
    """Embedded records that are known by the address of themselves, next links."""

    __test__ = True
    service = Hal
    text_field = "title"
    integer_field = "rank"
    nullable_field = "note"
    kept_by_system = frozenset({"updatedAt"})

    def body(self, number):
        return {"title": f"Article {number}"}

    def bad_body(self):
        return {"title": "x" * 41}
