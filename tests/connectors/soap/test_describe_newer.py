"""WSDL 2.0: read like the 1.1 of the same service, and what it cannot say there ends in a reason."""

import pytest
from tests.connectors.soap.wsdls import _NAMES as NAMES
from tests.connectors.soap.wsdls import ACCOUNTS, ACCOUNTS_SCHEMA

from tallystick.connectors.describe.wsdl import describe_wsdl
from tallystick.core.error import ProjectError

PATTERN = "http://www.w3.org/ns/wsdl/in-out"
SOAP = 'type="http://www.w3.org/ns/wsdl/soap" w:protocol="http://www.w3.org/2003/05/soap/bindings/HTTP/"'
FAULTS = {"GetAccountByID": "AccountNotFoundFault", "InsertAccount": "TooShortFault", "ModifyAccount": "SystemFault"}


def operation(name, pattern=PATTERN, taken="", given=""):
    fault = FAULTS.get(name)
    told = f'<outfault ref="t:{fault}"/>' if fault else ""
    return (
        f'<operation name="{name}" pattern="{pattern}"><input element="{taken or f"t:{name}"}"/>'
        f'<output element="{given or f"t:{name}Response"}"/>{told}</operation>'
    )


FAULTS_DECLARED = "".join(f'<fault name="{name}" element="t:{name}"/>' for name in FAULTS.values())
OPERATIONS = "".join(operation(name) for name in NAMES)
INTERFACE = f'<interface name="P">{FAULTS_DECLARED}{OPERATIONS}</interface>'
ACTIONS = "".join(f'<operation ref="t:{name}" w:action="urn:t/{name}"/>' for name in NAMES)
BINDING = f'<binding name="B" interface="t:P" {SOAP} w:version="1.1">{ACTIONS}</binding>'
SERVICE = (
    '<service name="ErpService" interface="t:P">'
    '<endpoint name="S" binding="t:B" address="http://erp.example.com/soap"/></service>'
)


def newer(interface=INTERFACE, binding=BINDING, service=SERVICE, further=""):
    return (
        '<description xmlns="http://www.w3.org/ns/wsdl" xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" '
        'xmlns:w="http://www.w3.org/ns/wsdl/soap" targetNamespace="urn:t">'
        f"<types>{ACCOUNTS_SCHEMA}</types>{further}{interface}{binding}{service}</description>"
    ).encode()


def test_it_says_the_same_as_the_older_form_of_the_service():
    """Objects, messages, faults and address: nothing differs but the way it is written."""
    assert describe_wsdl(newer()) == describe_wsdl(ACCOUNTS)


def test_soap_1_2_is_the_usual_version():
    """A binding that names no version is for 1.2."""
    assert describe_wsdl(newer(binding=BINDING.replace(' w:version="1.1"', ""))).soap.version == "1.2"


def test_an_interface_has_what_it_extends():
    """Operations and faults of the base count as its own, and a circle ends."""
    base = INTERFACE.replace('name="P"', 'name="Base" extends="t:P"')
    manifest = describe_wsdl(newer(interface=f'{base}<interface name="P" extends="t:Base"/>'))
    assert manifest.objects == describe_wsdl(ACCOUNTS).objects


def test_a_binding_of_no_interface_serves_that_of_the_service():
    """Such a binding says nothing of single operations: all go by it."""
    manifest = describe_wsdl(newer(binding=f'<binding name="B" {SOAP} w:version="1.1"/>'))
    assert manifest.objects.keys() == describe_wsdl(ACCOUNTS).objects.keys()
    assert {call.action for call in manifest.soap.operations.values()} == {""}


def test_parts_of_the_description_may_lie_elsewhere():
    """An interface that is included is found."""
    part = newer(binding="", service="")
    manifest = describe_wsdl(
        newer(interface="", further='<include location="p.wsdl"/>'), source="s.wsdl",
        fetch=lambda source, location: (location, part),
    )  # fmt: skip
    assert manifest.objects == describe_wsdl(ACCOUNTS).objects


@pytest.mark.parametrize(
    ("odd", "why"),
    [
        (operation("Tell", "http://www.w3.org/ns/wsdl/out-only"), "'out-only', in which the service speaks first"),
        (operation("Any", taken="#any"), "an input whose content is not declared (#any)"),
        (operation("Other", given="#other"), "an output whose content is not declared (#other)"),
    ],
)
def test_an_operation_that_cannot_be_called_is_left_out_with_its_reason(odd, why):
    """The others are described."""
    manifest = describe_wsdl(newer(interface=INTERFACE.replace("</interface>", f"{odd}</interface>")))
    assert any(why in note for note in manifest.notes)
    assert manifest.objects == describe_wsdl(ACCOUNTS).objects


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"binding": '<binding name="B" interface="t:P" type="http://www.w3.org/ns/wsdl/http"/>'}, "for plain HTTP"),
        ({"binding": BINDING.replace("/bindings/HTTP/", "/bindings/JMS/")}, "not by HTTP"),
        ({"binding": BINDING.replace('"t:P"', '"t:Q"')}, "interface that is not declared"),
        ({"service": SERVICE.replace('"t:B"', '"t:C"'), "binding": ""}, "binding that is not declared"),
        (
            {"binding": BINDING.replace("<operation", f'<operation w:mep="{PATTERN[:26]}soap-response/"')},
            "asked by GET",
        ),
    ],
)
def test_a_service_that_is_not_spoken_to_by_soap_ends_in_a_precise_reason(parts, why):
    """What it is for instead, or what it lacks."""
    with pytest.raises(ProjectError) as refused:
        describe_wsdl(newer(**parts), source="erp.wsdl")
    assert why in str(refused.value)
