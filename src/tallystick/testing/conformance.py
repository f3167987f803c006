"""The contract of ``core.ports.Connector`` as tests that a connector's author subclasses.

    class TestMySystem(ConnectorConformance):
        object_name = "companies"
        text_field = "name"
        def open(self): return open_system("mine", manifest, secrets)
        def body(self, number): return {"name": f"Company {number}", "vat": f"V{number}"}

A law whose subject the capabilities do not claim, or for which no field is named, is skipped and says so.
"""

from tallystick.testing.conformance_reading import ReadingLaws
from tallystick.testing.conformance_writing import WritingLaws


class ConnectorConformance(ReadingLaws, WritingLaws):
    """Every law. Subclass it, say how to open a fresh and empty system and what a record of it looks like."""
