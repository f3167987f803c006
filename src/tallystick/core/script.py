"""A piece of Python source in the making: its lines, and the objects that it names."""

from collections.abc import Callable
from typing import Any


class Script:
    """Collects lines and bindings; ``build`` compiles them. Constants are bound, never written into the source."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self.lines: list[str] = []

    @property
    def source(self) -> str:
        """The Python so far."""
        return "\n".join(self.lines) + "\n"

    def add(self, depth: int, *lines: str) -> None:
        """Append lines, indented ``depth`` times."""
        self.lines.extend("    " * depth + line for line in lines)

    def bind(self, name: str, value: Any) -> str:
        """Make ``value`` reachable by ``name`` and give the name."""
        self.names[name] = value
        return name

    def build(self, function: str, title: str) -> Callable[..., Any]:
        """Compile the source and give the function that it defines."""
        made: dict[str, Any] = dict(self.names)
        exec(compile(self.source, f"<{title}>", "exec"), made)  # noqa: S102 - our own source; constants are bound
        built: Callable[..., Any] = made[function]
        return built
