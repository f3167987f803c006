"""Write facts into a manifest that people keep: only the facts change, with comments, order and spelling kept."""

from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from tallystick.core.error import ProjectError
from tallystick.project.manifest import Fact
from tallystick.project.rewrite import replace_file
from tallystick.project.text import MAX_SYSTEM_BYTES, parse_text

_WIDTH = 1_000_000  # never fold a line that somebody wrote


def note_facts(path: Path, facts: Mapping[str, Fact]) -> tuple[str, ...]:
    """Put facts into the manifest at ``path``; give the keys of those whose label is new or another one than before.

    The file is replaced as a whole or not at all, and only if it still says the same besides.

    Raises:
        ProjectError: the file cannot be read, is no YAML, cannot be written, or cannot be kept as it is otherwise.
    """
    try:
        before = path.read_bytes()
        found = parse_text(before, str(path), limit=MAX_SYSTEM_BYTES)
        if found.problems or not isinstance(found.value, dict):
            raise ProjectError("the manifest cannot be read", hint="tally lint tells why", place=str(path))
        after = _with_facts(before.decode("utf-8-sig"), facts)
        now = parse_text(after, str(path), limit=MAX_SYSTEM_BYTES)
        if now.problems or _without_facts(now.value) != _without_facts(found.value):
            raise ProjectError(
                "the facts cannot be written without changing more of the file",
                hint="write the labels under 'facts' by hand",
                place=str(path),
            )
        replace_file(path, after)
    except (OSError, UnicodeError) as error:
        raise ProjectError(
            f"the manifest cannot be written: {error}", hint="check its rights", place=str(path)
        ) from error
    old = found.value.get("facts") or {}
    return tuple(key for key, fact in facts.items() if (old.get(key) or {}).get("label") != fact.label)


def _with_facts(text: str, facts: Mapping[str, Fact]) -> str:
    # The only reader and writer of YAML that keeps comments; it is slow, so that nothing else uses it.
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    document: Any = yaml.load(text)
    if not document.get("facts"):
        document["facts"] = CommentedMap()
    for key, fact in facts.items():
        document["facts"][key] = fact.model_dump(exclude_defaults=True)
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def _without_facts(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "facts"}
