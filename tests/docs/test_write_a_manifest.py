"""Every snippet of the how-to on manifests is one."""

import re
import textwrap
from pathlib import Path

import pytest

from tallystick.project.manifest import Manifest, ObjectSpec
from tallystick.project.text import parse_text

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "write-a-manifest.md"
BLOCKS = [textwrap.dedent(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)]
# Of the blocks that show all ways of paging or of signing in, each line is one.
WAYS = ("paging", "auth")
SNIPPETS = [part for block in BLOCKS for part in (block.splitlines() if block.startswith(WAYS) else [block])]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda text: text[:30])
def test_a_snippet_is_valid(snippet):
    entries = parse_text(snippet, "howto").value
    if "protocol" in entries:
        Manifest.model_validate(entries)
    elif entries.keys() & {"limits", "auth", "network"}:
        Manifest.model_validate({"protocol": "rest"} | entries)
    else:
        ObjectSpec.model_validate(entries)
