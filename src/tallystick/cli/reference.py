"""Write the reference pages from the code: commands, exit codes, errors, settings, codecs.

    python -m tallystick.cli.reference docs/reference

What the code says is the only source, so a page can be out of date but never wrong in another way; a test compares.
"""

import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import typer

from tallystick.checklist.reference import check_page
from tallystick.cli.cause import error_classes
from tallystick.cli.exits import MEANINGS, code_of
from tallystick.cli.main import build_app
from tallystick.cli.reference_settings import codec_page, settings_pages
from tallystick.core import error as tree

_NOTICE: Final = "<!-- Written by `make docs` from the code. Change it there. -->\n"


def reference_pages() -> dict[str, str]:
    """Give every page by its file name."""
    pages = {
        "commands.md": command_page(),
        "exit-codes.md": exit_page(),
        "errors.md": error_page(),
        "codecs.md": codec_page(),
        "checks.md": check_page(),
        **settings_pages(),
    }
    return {name: f"{_NOTICE}\n{text.rstrip()}\n" for name, text in pages.items()}


def write_pages(folder: Path) -> list[Path]:
    """Write the pages that differ from what is there; give their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    changed = []
    for name, text in reference_pages().items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(path)
    return changed


def command_page() -> str:
    """Describe every verb with its arguments, options and examples."""
    command: Any = typer.main.get_command(build_app())
    parts = ["# Commands", "", f"`tally` {_sentence(command.help)}", "", *_parameters(command, "before the verb")]
    for name in command.commands:
        parts += _verb(f"tally {name}", command.commands[name])
    return "\n".join(parts)


def _verb(title: str, command: Any) -> Iterator[str]:
    yield from (f"## {title}" if title.count(" ") == 1 else f"### {title}", "")
    yield from (inspect.cleandoc(command.help or ""), "")
    yield from _parameters(command, "")
    examples = [line.strip() for line in (command.epilog or "").splitlines() if line.strip().startswith("tally ")]
    if examples:
        yield from ("```sh", *examples, "```", "")
    for name, child in getattr(command, "commands", {}).items():
        yield from _verb(f"{title} {name}", child)


def _parameters(command: Any, where: str) -> list[str]:
    rows = [
        (_spelling(p), _sentence(getattr(p, "help", "") or ""))
        for p in command.params
        if not getattr(p, "hidden", False) and "--help" not in p.opts
    ]
    head = f"| option {where}".rstrip() if where else "| argument or option"
    return [f"{head} | meaning |", "|---|---|", *(f"| {a} | {b} |" for a, b in rows), ""] if rows else []


def _spelling(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
        return f"`{name}`" if parameter.required else f"`[{name}]`"
    value = f" {parameter.metavar}" if parameter.metavar else "" if getattr(parameter, "is_flag", False) else " TEXT"
    return ", ".join(f"`{opt}{value}`" for opt in sorted(parameter.opts, key=len)).replace("|", "\\|")


def _sentence(text: str) -> str:
    return " ".join(inspect.cleandoc(text).split("\n\n")[0].split()).replace("|", "\\|").replace("``", "`")


def exit_page() -> str:
    """Explain the exit codes."""
    rows = [f"| {code} | {short} | {long} |" for code, (short, long) in MEANINGS.items()]
    note = (
        "When several things went wrong in one run, the lowest code that applies is given: what needs a developer "
        "before what needs an operator, that before what needs a decision."
    )
    return "\n".join(["# Exit codes", "", "| code | in short | more |", "|---|---|---|", *rows, "", note])


def error_page() -> str:
    """Explain the error tree: what to do about each error, and who can."""
    diagram = inspect.cleandoc((tree.__doc__ or "").partition("\n\n")[2]).partition("\n\n")[0]
    parts = ["# Errors", "", "Errors are grouped by what to do about them and by who can do it.", ""]
    parts += [
        "```text",
        diagram,
        "```",
        "",
        "| code | error | then | who | exit code | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for cls in error_classes():
        if cls is tree.Error or cls.__module__ != tree.__name__:
            continue
        meaning = _sentence(cls.__doc__ or "")
        code = code_of(cls.__new__(cls))
        parts.append(f"| `{cls.code}` | {cls.__name__} | {cls.recovery} | {cls.audience} | {code} | {meaning} |")
    return "\n".join(parts)


def main() -> None:
    """Write the pages into the folder that is named."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference")
    changed = write_pages(folder)
    for path in changed:
        print(f"wrote {path}")
    if not changed:
        print(f"{folder} is up to date")


if __name__ == "__main__":
    main()
