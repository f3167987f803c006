"""Run the commands of a page as a reader would paste them, and compare what they print with what the page shows.

A page's ``sh`` blocks run in one shell, in order. A ``text`` block directly after one is what it prints: a line of
``...`` stands for any number of lines, ``...`` inside a line for anything.
"""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Block:
    """Commands, and what the page says that they print (``None`` if it says nothing)."""

    commands: str
    shown: str | None


@dataclass(frozen=True)
class Ran:
    """What a block did: what it wrote to stdout, the exit code of its last command, and all complaints of its page."""

    out: str
    code: int
    complaints: str


def blocks(markdown: str) -> list[Block]:
    """Give the blocks of a page that are to be run."""
    fences = list(FENCE.finditer(markdown))
    found = []
    for at, fence in enumerate(fences):
        if fence[1] == "sh":
            after = fences[at + 1] if at + 1 < len(fences) else None
            follows = after is not None and after[1] == "text" and not markdown[fence.end() : after.start()].strip()
            found.append(Block(fence[2], after[2] if follows else None))
    return found


def run_all(page: list[Block], folder: Path, seconds: int) -> list[Ran]:
    """Run all blocks in one shell that starts in ``folder``; it stops at a block whose last command fails."""
    commands = folder / ".commands"
    commands.mkdir()
    for name, arguments in (("python", ""), ("tally", "-m tallystick.cli")):
        shim = commands / name
        shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n')
        shim.chmod(0o700)
    # What a page starts in the background ends with the shell, also when a block fails.
    script = ["trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"]
    for number, block in enumerate(page):
        # The new line before the mark keeps it apart from output without an end of line.
        script += [block.commands, f"code=$?; printf '\\n@@ {number} %s\\n' $code; [ $code = 0 ] || exit 0"]
    environment = {
        **os.environ,
        "PATH": f"{commands}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONUTF8": "1",
        "PYTHONWARNINGS": "default",
    }
    shell = ["bash", "-c", "\n".join(script)]
    done = subprocess.run(
        shell, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds
    )
    parts = re.split(r"\n@@ \d+ (\d+)\n", done.stdout)
    assert len(parts) > 1, done.stderr
    return [Ran(out, int(code), done.stderr) for out, code in zip(parts[0::2], parts[1::2], strict=False)]


def as_shown(shown: str, out: str) -> bool:
    """Tell whether an output is what a page shows."""
    pattern = ""
    for line in shown.rstrip("\n").split("\n"):
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(map(re.escape, line.rstrip().split("..."))) + r" *\n"
    return re.fullmatch(pattern, out.rstrip("\n") + "\n") is not None
