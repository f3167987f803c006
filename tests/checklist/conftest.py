"""Fixtures of the check list's tests; what they are made of is in ``town``."""

import shutil
import sys
from collections.abc import Iterator
from importlib.resources import as_file, files
from pathlib import Path

import pytest

from tallystick.testing.twins.crm import CrmTwin
from tallystick.testing.twins.erp import ErpTwin

sys.path.insert(0, str(Path(__file__).parent))

from town import Databases, Twins, fill, write_system


@pytest.fixture
def twins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Twins]:
    with CrmTwin() as crm, ErpTwin(rate_limit=None) as erp:
        fill(crm, erp, 90)
        monkeypatch.setenv("TWIN_CRM_TOKEN", crm.token)
        monkeypatch.setenv("TWIN_ERP_TOKEN", erp.token)
        project = files("tallystick.testing.twins").joinpath("project")
        with as_file(project) as folder:
            shutil.copytree(folder, tmp_path / "project")
        for twin in (crm, erp):
            write_system(tmp_path / "project", twin)
        yield Twins(tmp_path / "project", crm, erp)


@pytest.fixture
def databases(tmp_path: Path) -> Databases:
    return Databases(tmp_path / "project")
