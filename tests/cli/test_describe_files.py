"""``tally describe --files``: from a folder to a system that lint accepts and that can be asked again."""

import json

import pytest
from tests.connectors.file_servers import PASSWORD, USER, ftp_server

FILES = {"customers.csv": "number;name;revenue\n1;Müller;1.234,50\n2;Beta;7,25\n"}


@pytest.fixture
def project(tmp_path, command):
    """Make a project with a folder of exports."""
    assert command("--project", str(tmp_path), "init").code == 0
    (tmp_path / "exports").mkdir()
    for name, text in FILES.items():
        (tmp_path / "exports" / name).write_text(text)
    return tmp_path


def test_a_folder_is_described_and_accepted(project, command):
    """The folder stays relative to the project, and lint finds no error."""
    said = command("--project", str(project), "describe", "drop", "--files", str(project / "exports"), "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["card"]["objects"]["customers"]["id"] == "number"
    text = (project / "systems" / "drop.yaml").read_text()
    assert "url: exports" in text
    assert 'decimal: ","' in text
    assert command("--project", str(project), "lint").code == 0
    assert command("--project", str(project), "describe", "drop").code == 0


def test_one_file_and_none(project, command):
    """A file can be named, and what is not there is an error in words."""
    one = str(project / "exports" / "customers.csv")
    assert command("--project", str(project), "describe", "one", "--files", one).code == 0
    for wrong in (["--files", str(project / "nowhere")], ["--files", one, "--database", "sqlite:///x"]):
        said = command("--project", str(project), "describe", "other", *wrong)
        assert said.code != 0
        assert "Traceback" not in said.err


def test_a_place_elsewhere_is_described_with_its_credentials(project, command, monkeypatch):
    """They come from the manifest that is there, and stay in it as references."""
    monkeypatch.setenv("DROP_PASSWORD", PASSWORD)
    with ftp_server(project / "exports") as url:
        auth = f"{{type: basic, username: {USER}, password: '${{env:DROP_PASSWORD}}'}}"
        (project / "systems" / "drop.yaml").write_text(f"protocol: files\nurl: {url}\nauth: {auth}\n")
        said = command("--project", str(project), "describe", "drop", "--files", url, "--force")
    assert said.code == 0, said.err
    text = (project / "systems" / "drop.yaml").read_text()
    assert "${env:DROP_PASSWORD}" in text
    assert PASSWORD not in text
    assert "customers.csv" in text


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format: csv", "format: xml", "which element is a record"),
        ("format: csv", "format: fixed", "widths of the columns are missing"),
        ("format: csv", "format: json\n      records: data\n      write: replace", "only read"),
        ("name: customers.csv", "name: a/b.csv", "no separators"),
        ("name: customers.csv", "name: customers-{day}.csv", "does not fit"),
        ("name: customers.csv", "name: customers-{date}.csv\n      write: replace", "fixed name"),
        ("format: csv", "format: csv\n      encoding: nonsense", "no encoding"),
        ("format: csv", "format: csv\n      complete: {trailer: '('}", "no regular expression"),
        ("format: csv", "format: csv\n      complete: {marker: done}", "named after its file"),
        ('thousands: "."', 'thousands: ","', "same sign"),
        ("url: exports", "url: ''", "the folder is missing"),
        ("url: exports", "url: ftp://x.example.com/\nauth: {type: bearer, token: '${env:P}'}", "unencrypted"),
        ("format: csv", "format: csv\n      mail: {newest: 5}", "only files that come by mail"),
        ("url: exports", "url: imap://me@x.example/?tls=off\nauth: {type: bearer, token: '${env:P}'}", "unencrypted"),
    ],
)  # fmt: skip
def test_lint_finds_what_cannot_work(project, command, old, new, message):
    """Without looking at a single file."""
    command("--project", str(project), "describe", "drop", "--files", str(project / "exports"))
    path = project / "systems" / "drop.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    said = command("--project", str(project), "lint")
    assert message in said.out + said.err


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("write: replace", "what came by mail is only read"),
        ("complete: {marker: '{name}.done'}", "no marker follows"),
        ("mail: {sender: shop.example}", "no address and no domain"),
        ("archive: Read", "they cannot part"),
    ],
)
def test_lint_finds_what_a_mailbox_cannot_do(project, command, wrong, message):
    """Mail is read, arrives whole, and is moved as one."""
    command("--project", str(project), "describe", "drop", "--files", str(project / "exports"))
    path = project / "systems" / "drop.yaml"
    text = path.read_text().replace("url: exports", "url: imaps://me@mail.example.com/INBOX")
    other = "objects:\n  others:\n    id: a\n    file: {name: others.csv, format: csv}\n    fields: {a: {type: text}}\n"
    path.write_text(text.replace("format: csv", f"format: csv\n      {wrong}", 1).replace("objects:\n", other, 1))
    said = command("--project", str(project), "lint")
    assert message in said.out + said.err
