"""The REST connector keeps the contract, over real HTTP, by manifests that were made from the systems' descriptions."""

from decimal import Decimal
from typing import Any, ClassVar

from tallystick.connectors.describe.openapi import describe_openapi
from tallystick.connectors.rest import open_system
from tallystick.project.manifest import Manifest
from tallystick.testing.conformance import ConnectorConformance
from tallystick.testing.twins.crm import CrmTwin
from tallystick.testing.twins.erp import ErpTwin
from tallystick.testing.twins.twin import Twin


def laid_over(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay what a person corrects over what was described, as an environment does."""
    both = dict(under)
    for key, value in over.items():
        below = both.get(key)
        both[key] = laid_over(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return both


class RestConformance(ConnectorConformance):
    """What both twins share."""

    corrections: ClassVar[dict[str, Any]] = {}
    twin: Twin

    def make_twin(self) -> Twin:
        raise AssertionError("say which twin")

    def resolve(self, reference: str) -> str:
        """Whatever secret is asked for, it is the twin's token."""
        assert reference.startswith("${env:")
        return self.twin.token

    def open(self):
        self.twin = self.make_twin().start()
        return self.reopen()

    def reopen(self):
        described = describe_openapi(self.twin.document()).model_dump(by_alias=True)
        corrected = laid_over(described, {"objects": {self.object_name: self.corrections}})
        return open_system(self.twin.name, Manifest.model_validate(corrected), self)

    def teardown_method(self):
        twin = getattr(self, "twin", None)
        super().teardown_method()
        if twin is not None:
            twin.stop()


class TestCrm(RestConformance):
    """Offset paging with a total, ETags, idempotency keys, hard deletion."""

    object_name = "companies"
    text_field = "name"
    nullable_field = "city"
    number_field = "annualRevenue"
    numbers = (Decimal("0.1"), Decimal("-0.01"), Decimal("123456789012.25"))
    kept_by_system = frozenset({"version", "updatedAt"})
    refuses_unknown_fields = False
    keeps_empty_text = False
    corrections: ClassVar = {"claims": {"returns_record": True, "strong_reads": True}}

    def make_twin(self):
        return CrmTwin(require_if_match=True)

    def body(self, number):
        return {"name": f"Company {number}", "vatId": f"V{number}"}


class TestErp(RestConformance):
    """Cursors, local time stamps, a version in the record, soft deletion."""

    object_name = "partner"
    text_field = "name1"
    unique_field = "fremdschluessel"
    nullable_field = "ort"
    kept_by_system = frozenset({"lfd_nr", "geaendert_am"})
    corrections: ClassVar = {
        "version": "lfd_nr",
        "modified": "geaendert_am",
        "modified_format": "dd.MM.yyyy HH:mm:ss",
        "created": "angelegt_am",
        "since": {"param": "geaendert_seit", "format": "dd.MM.yyyy HH:mm:ss"},
        "deleted": {"path": "geloescht", "query": {"mit_geloeschten": "1"}},
        "claims": {"cas_write": True, "create_idem": "extid", "returns_record": True, "strong_reads": True},
    }

    def make_twin(self):
        return ErpTwin(rate_limit=None)

    def body(self, number):
        return {"art": "firma", "name1": f"Firma {number}", "fremdschluessel": f"F{number}"}


class TestWeakCrm(TestCrm):
    """The same system by the weakest manifest: what is stored is read, never believed from an answer."""

    corrections: ClassVar = {
        "version": "",
        "if_match": "",
        "modified": "",
        "since": None,
        "sort": None,
        "claims": {"cas_write": False, "create_idem": "none", "idempotency_header": ""},
    }

    def make_twin(self):
        return CrmTwin()
