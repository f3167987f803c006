"""Facts are written into a manifest that a person keeps, and nothing else of it changes."""

import stat

import pytest

from tallystick.core.error import ProjectError
from tallystick.project.annotate import note_facts
from tallystick.project.manifest import Fact

KEPT = """\
# our shop, Müller & Söhne
protocol: rest
base_url: 'https://shop.example'   # staging has its own
objects:
    orders:   # odd indent, kept
        id: "0012"
        fields: {total: {type: number}}
        filters:
        - not: a list of ours
"""
CONFIRMED = Fact(label="confirmed", because="tally check C7.8: all 3 came", on="2026-01-02")


def test_only_the_facts_change(tmp_path):
    file = tmp_path / "shop.yaml"
    file.write_text(KEPT)
    assert note_facts(file, {"objects.orders.paging": CONFIRMED}) == ("objects.orders.paging",)
    written = file.read_text()
    for words in (
        "# our shop, Müller & Söhne",
        "'https://shop.example'",
        "# staging has its own",
        '"0012"',
        "odd indent",
    ):
        assert words in written
    assert "label: confirmed" in written


def test_a_label_that_stays_is_no_news_but_its_date_is_renewed(tmp_path):
    file = tmp_path / "shop.yaml"
    file.write_text(
        KEPT + "facts:\n  auth: {label: declared} # told by phone\n  a: {label: confirmed, on: 2020-01-01}\n"
    )
    assert note_facts(file, {"a": CONFIRMED}) == ()
    assert "2026-01-02" in file.read_text()
    assert "told by phone" in file.read_text()
    against = Fact(label="contradicted", because="no", on="2026-01-03")
    assert note_facts(file, {"a": against, "auth": against}) == ("a", "auth")


def test_rights_and_links_stay(tmp_path):
    real, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    real.write_text(KEPT)
    real.chmod(0o640)
    link.symlink_to(real)
    note_facts(link, {"auth": CONFIRMED})
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert {file.name for file in tmp_path.iterdir()} == {"link.yaml", "real.yaml"}


@pytest.mark.parametrize("text", ["a: [", "- 1\n", "a: 1\na: 2\n"])
def test_a_broken_file_is_left_alone(tmp_path, text):
    file = tmp_path / "shop.yaml"
    file.write_text(text)
    with pytest.raises(ProjectError, match="cannot be read"):
        note_facts(file, {"auth": CONFIRMED})
    assert file.read_text() == text


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ProjectError, match=r"gone\.yaml"):
        note_facts(tmp_path / "gone.yaml", {"auth": CONFIRMED})
