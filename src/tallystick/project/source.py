"""Where things are written down: from a path in a merged document back to file, line and column."""

from dataclasses import dataclass
from typing import Literal

from tallystick.core.error import Problem
from tallystick.project.text import DataPath, Document
from tallystick.project.validate import Complaint

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Layer:
    """A document of which the part at ``prefix`` counts."""

    document: Document
    prefix: DataPath = ()

    def names(self, path: DataPath) -> bool:
        """Whether this very path is written here."""
        whole = self.prefix + path
        return whole in self.document.values or whole in self.document.keys


@dataclass(frozen=True, slots=True)
class Source:
    """Where one system, mapping or the project is written; the strongest layer comes first, the file itself last."""

    layers: tuple[Layer, ...]

    def spot(self, path: DataPath, *, at_key: bool = False) -> tuple[str, int, int]:
        """Give (file, line, column) of the value (or the name) at ``path``, else of the nearest thing around it."""
        layer = next((x for x in self.layers if path and x.names(path)), self.layers[-1])
        return (layer.document.file, *layer.document.spot(layer.prefix + path, key=at_key))

    def problem(
        self, path: DataPath, message: str, hint: str = "", *, severity: Severity = "error", at_key: bool = False
    ) -> Problem:
        """Make a problem that points at ``path``."""
        return Problem(*self.spot(path, at_key=at_key), message, hint, severity)

    def problems(self, complaints: list[Complaint]) -> list[Problem]:
        """Make problems of complaints, without those about what was refused when the text was read."""
        return [
            self.problem(c.path, c.message, c.hint, at_key=c.at_key)
            for c in complaints
            if not self._is_doubtful(c.path)
        ]

    def _is_doubtful(self, path: DataPath) -> bool:
        return any(
            (layer.prefix + path)[:end] in layer.document.doubtful
            for layer in self.layers
            for end in range(len(layer.prefix + path) + 1)
        )
