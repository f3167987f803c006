"""The page about the comparison shows what the commands print, and explains every verdict."""

from pathlib import Path

from terminal import ROOT, as_shown, blocks, run_all

from tallystick.cli.reconcile_words import KIND_WORDS

PAGE = (ROOT / "docs" / "howto" / "reconcile.md").read_text(encoding="utf-8")


def test_the_commands_do_what_the_page_shows(tmp_path: Path) -> None:
    found = blocks(PAGE)
    assert sum(block.shown is not None for block in found) == 2
    ran = run_all(found, tmp_path, 120)
    for block, did in zip(found, ran, strict=True):
        assert did.code == 0, did.complaints
        assert block.shown is None or as_shown(block.shown, did.out), did.out


def test_every_verdict_is_explained() -> None:
    known = {"{left}": "one system", "{right}": "one system"}
    for words in KIND_WORDS.values():
        shown = words
        for name, said in known.items():
            shown = shown.replace(name, said)
        assert shown in PAGE or shown == KIND_WORDS["gone"], shown
