"""From a manifest's protocol to its connector."""

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from tallystick.connectors import registry
from tallystick.connectors.rest import RestConnector
from tallystick.core.error import ProjectError
from tallystick.project.manifest import Manifest


class NoSecrets:
    def resolve(self, reference):
        raise AssertionError(reference)


def test_a_rest_manifest_is_opened_by_the_rest_connector():
    manifest = Manifest(protocol="rest", base_url="http://crm.test")
    connector, transport = registry.open_system("crm", manifest, NoSecrets())
    assert isinstance(connector, RestConnector)
    transport.close()


def test_nothing_heavy_is_imported_before_it_is_needed():
    code = (
        "import sys, tallystick.connectors.registry\n"
        "sys.exit(int('pycurl' in sys.modules or 'sqlalchemy' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_other_packages_can_bring_protocols(monkeypatch):
    manifest = Manifest.model_construct(protocol="pigeon")
    foreign = EntryPoint("pigeon", f"{__name__}:none", registry.GROUP)

    class Loads(EntryPoint):
        def load(self):
            return lambda name, manifest, secrets: (name, manifest.protocol)

    monkeypatch.setattr(registry, "entry_points", lambda **asked: [Loads(foreign.name, foreign.value, foreign.group)])
    assert registry.open_system("crm", manifest, NoSecrets()) == ("crm", "pigeon")
    assert "pigeon" in registry.protocols()


def test_an_unknown_protocol_is_named_with_those_that_are_known():
    with pytest.raises(ProjectError) as caught:
        registry.open_system("crm", Manifest.model_construct(protocol="smoke"), NoSecrets())
    assert "rest" in caught.value.hint


def test_a_connector_that_cannot_be_loaded_says_why(monkeypatch):
    monkeypatch.setitem(registry._BUILT_IN, "rest", "tallystick.connectors.no_such_module")
    with pytest.raises(ProjectError, match="no_such_module") as caught:
        registry.open_system("crm", Manifest(protocol="rest"), NoSecrets())
    assert caught.value.hint
