"""What the documents name is there: links, files, verbs, settings; and what is there is named."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from terminal import FENCE, ROOT

from tallystick.cli.exits import MEANINGS
from tallystick.cli.main import VERBS
from tallystick.core.brake import HoldKind
from tallystick.core.codecs.registry import codec_names
from tallystick.core.error import Error

SOURCE = ROOT / "src" / "tallystick"
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for folder in ("*.md", "docs/**/*.md", "examples/**/*.md", "changelog.d/*.md")
    for page in ROOT.glob(folder)
)
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
NAMED = re.compile(r"`((?:[\w.-]+/)*[\w*-]+\.(?:py|yaml|toml|md|db))`")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# Files that a project of the reader has, or that a run leaves; they are not ours.
OF_PROJECTS = re.compile(
    r"^(tally\.yaml|(systems|mappings|sheets)/.*|tests/\*\.yaml|.*\.db|\.tally/.*|project\.yaml|openapi\.yaml|database\.sql|config\.ini|schema\.py)$"
)


def prose(page: str) -> str:
    """Give a page without its blocks of code."""
    return FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """Give what a link can point to inside a page."""
    headings = HEADING.findall(FENCE.sub("", path.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}


def error_codes(kind: type[Error] = Error) -> set[str]:
    """Give the codes of a class of errors and of all below it, without the root's."""
    return {code for below in kind.__subclasses__() for code in {below.code} | error_codes(below)}


@pytest.mark.parametrize("page", PAGES)
def test_links_resolve(page: str) -> None:
    """A link leads to a file that is there, and to a heading in it."""
    broken = []
    for target in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(target)
    assert not broken


@pytest.mark.parametrize("page", PAGES)
def test_files_named_exist(page: str) -> None:
    """A file that a page names in code style is in the repository, or belongs to a reader's project."""
    bases = (ROOT, SOURCE, SOURCE.parent, (ROOT / page).parent)
    named = [name for name in NAMED.findall(prose(page)) if not OF_PROJECTS.match(name)]
    assert [n for n in named if not is_own(n) and not any(any(base.glob(n)) for base in bases)] == []


@cache
def modules() -> frozenset[str]:
    """Give the names of all files of the source, the tests and the benchmarks."""
    return frozenset(f.name for folder in ("src", "tests", "benchmarks") for f in (ROOT / folder).rglob("*.*"))


def is_own(name: str) -> bool:
    """Tell whether a bare file name is one of ours, as `curl.py` in a page about its folder."""
    return "/" not in name and name in modules()


def test_architecture_names_the_floors_that_are_there() -> None:
    """Every folder and module on the top level of the source stands in the drawing of the floors."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    drawing = next(block for _, block in FENCE.findall(text) if "core/" in block)
    entries = [p for p in SOURCE.iterdir() if not p.name.startswith("_") and p.suffix in {"", ".py"}]
    assert len(entries) > 7
    assert [p.name for p in entries if p.name not in drawing] == []


def test_decision_records_are_one_list() -> None:
    """Numbers are unique and without gaps, each record has its status, and the list names each."""
    folder = ROOT / "docs" / "adr"
    records = sorted(folder.glob("[0-9]*.md"))
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert [int(r.name[:4]) for r in records] == list(range(1, len(records) + 1))
    for record in records:
        text = record.read_text(encoding="utf-8")
        title = re.match(r"# (\d+)\. (.+)\n\nStatus: \w", text)
        assert title, f"{record.name} has no title with its number, or no status below it"
        assert int(title[1]) == int(record.name[:4])
        assert f"| [{title[1]}]({record.name}) | {title[2]} |" in index


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("commands.md", [f"tally {verb}" for verb in VERBS]),
        ("codecs.md", [f"## {name}\n" for name in codec_names()]),
        ("exit-codes.md", [f"| {code} |" for code in MEANINGS]),
        ("errors.md", [f"| `{code}` |" for code in sorted(error_codes())]),
        ("../howto/problems.md", [f"`{kind}`" for kind in HoldKind.__args__]),
    ],
)
def test_everything_of_a_kind_is_documented(page: str, names: list[str]) -> None:
    """No verb, codec or brake is without its words."""
    text = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
    assert names
    assert [name for name in names if name not in text] == []


@pytest.mark.parametrize("page", PAGES)
def test_verbs_named_exist(page: str) -> None:
    """Where a page says `tally VERB`, there is such a verb."""
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^\$? ?|`)tally(?: --?\w+ \S+)? ([a-z][a-z-]+)", text, re.MULTILINE))
    assert named <= set(VERBS)


def test_limits_that_the_code_names_are_explained() -> None:
    """Every W-number in the source stands in the guarantees."""
    sources = [f for f in SOURCE.rglob("*.*") if f.suffix in {".py", ".yaml"}]
    named = {limit for f in sources for limit in re.findall(r"\bW-\d+", f.read_text(encoding="utf-8"))}
    explained = re.findall(r"^\| (W-\d+) \|", prose("docs/explanation/guarantees.md"), re.MULTILINE)
    assert named <= set(explained)
    assert Counter(explained).most_common(1)[0][1] == 1


@cache
def public_names() -> frozenset[str]:
    """Give every class and constant that core, project, engine and store define."""
    found: set[str] = set()
    for file in SOURCE.rglob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                found.add(node.name)
            elif isinstance(node, ast.Assign):
                found |= {t.id for t in node.targets if isinstance(t, ast.Name)}
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                found.add(node.target.id)
    return frozenset(found)


def test_glossary_has_one_entry_a_word_and_types_that_exist() -> None:
    """A word is explained once, and the type behind it is in the code."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    entries = re.findall(r"^\*\*(.+?)\*\*:", text, re.MULTILINE)
    words = [word for entry in entries for word in entry.split(", ")]
    assert len(words) > 40
    assert [w for w, n in Counter(words).items() if n > 1] == []
    types = {t for line in re.findall(r"\[(`.+?`(?:, `.+?`)*)\]", text) for t in re.findall(r"`(\w+)`", line)}
    assert types - public_names() == set()


def test_words_of_the_decision_are_in_the_glossary() -> None:
    """What people see in plans and reports has an entry: durable things, observations, decisions."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").lower()
    seen = ["binding", "leg", "base", "intent", "journal", "queue", "quarantine", "ledger", "cursor", "window", "brake"]
    assert [w for w in seen if f"**{w}**" not in text and f"**{w}," not in text] == []


def test_nothing_of_the_makers_machine_is_told() -> None:
    """No page and no source names folders of the machine it was written on."""
    files = [ROOT / p for p in PAGES] + list(SOURCE.rglob("*.py"))
    assert [f for f in files if re.search(r"(?<![\w.])/(work|tmp/\w+|home/\w+)/", f.read_text(encoding="utf-8"))] == []
