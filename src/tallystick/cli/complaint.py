"""How an error looks: what, where, why, what to do; for files with the line and a caret under the place.

The same for all verbs, in words and as JSON. A line that is shown has the values of entries made for secrets hidden.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from tallystick.cli.output import Screen
from tallystick.core.error import Error, Problem, ProjectError

_BYTES: Final = 1_000_000
_WIDEST: Final = 160
_SECRET_ENTRY: Final = re.compile(
    r"""((?:passw(?:or)?d|passphrase|pwd|secret|token|[_-]key|apikey|credentials?|authorization|cookie|\bvalue)"""
    r"""["']?\s*:\s*)\S.*""",
    re.IGNORECASE,
)
_SECRET_TEXT: Final = re.compile(r"(://[^\s/:@]*:)[^\s/@]+@|\b(?=\w*\d)(?=\w*[A-Za-z])[\w+/-]{20,}={0,2}(?![\w.])")


def complain(error: Error, screen: Screen, folder: Path | None = None) -> None:
    """Tell an error to a person, or as the JSON document ``{"error": ...}``."""
    if screen.as_json:
        screen.document({"error": error_document(error)})
        return
    for line in error_lines(error, folder):
        screen.complain(line)


def error_lines(error: Error, folder: Path | None = None) -> Iterator[str]:
    """Write an error line by line."""
    where = f"{error.place}: " if error.place else ""
    yield f"error: {where}{error.message}"
    if isinstance(error, ProjectError) and error.problems:
        yield from problem_lines(error.problems, folder)
    elif error.detail:
        yield f"  why: {error.detail}"
    if error.hint:
        yield f"  what to do: {error.hint}"
    yield f"  code: {error.code} (for the {error.audience})"


def problem_lines(problems: Iterable[Problem], folder: Path | None) -> Iterator[str]:
    """Write problems as ``file:line:column: message`` with the line, a caret and what to do."""
    for problem in problems:
        warning = "warning: " if problem.severity == "warning" else ""
        place = ":".join(str(p) for p in (problem.file, problem.line, problem.column) if p)
        yield f"{place}: {warning}{problem.message}"
        source = _source_line(folder, problem)
        if source:
            yield f"    {source}"
            if problem.column and problem.column <= len(source) + 1:
                yield "    " + " " * (problem.column - 1) + "^"
        if problem.hint:
            yield f"    {problem.hint}"


def error_document(error: Error) -> dict[str, Any]:
    """Write an error as JSON."""
    found: dict[str, Any] = {
        "code": error.code,
        "message": error.message,
        "detail": error.detail,
        "hint": error.hint,
        "place": error.place,
        "recovery": error.recovery,
        "audience": error.audience,
    }
    if isinstance(error, ProjectError):
        found["problems"] = [problem_document(p) for p in error.problems]
    return found


def problem_document(problem: Problem) -> dict[str, Any]:
    """Write a problem as JSON."""
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "severity": problem.severity,
        "message": problem.message,
        "hint": problem.hint,
    }


def _source_line(folder: Path | None, problem: Problem) -> str:
    """Give the line that a problem points at; nothing if it cannot be read."""
    if folder is None or not problem.line:
        return ""
    try:
        with (folder / problem.file).open("rb") as stream:
            lines = stream.read(_BYTES).split(b"\n")
    except (OSError, ValueError):
        return ""
    if problem.line > len(lines):
        return ""
    line = lines[problem.line - 1].decode("utf-8", "replace").rstrip("\r").replace("\t", " ")
    return hide_secrets(line)[:_WIDEST]


def hide_secrets(line: str) -> str:
    """Hide what may be a secret in a line of a project file; references are none and stay."""
    hidden = _SECRET_ENTRY.sub(lambda found: found[0] if "${" in found[0] else f"{found[1]}***", line)
    return _SECRET_TEXT.sub(lambda found: f"{found[1]}***@" if found[1] else "***", hidden)
