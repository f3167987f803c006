"""Files on other machines are the same files: read, proven, written, archived; over SFTP, FTP and HTTP."""

import os

import pytest
from tests.connectors.file_servers import PASSWORD, USER, bucket_server, ftp_server, sftp_server, web_server

from tallystick.connectors.files import open_system
from tallystick.core.error import AccessError, Error, Garbled, ProjectError, Unavailable
from tallystick.core.ports import Update
from tallystick.project.manifest import Manifest

SIGN_IN = {"type": "basic", "username": USER, "password": PASSWORD}


class PlainSecrets:
    """Every reference is its own secret."""

    def resolve(self, reference):
        return reference


@pytest.fixture
def opened():
    """Open systems, and close them in the end."""
    pairs = []

    def open_one(url, auth=SIGN_IN, network=None, **file):
        spec = {"id": "id", "file": {"name": "c.csv", "format": "csv", "complete": {"renamed": True}, **file}}
        manifest = {"protocol": "files", "url": url, "auth": auth, "objects": {"c": spec}}
        manifest["network"] = network or {"timeout_seconds": 5}
        pairs.append(open_system("d", Manifest.model_validate(manifest), PlainSecrets()))
        return pairs[-1]

    yield open_one
    for _, transport in pairs:
        transport.close()


@pytest.fixture(params=["sftp", "ftp", "old ftp"])
def server(request, tmp_path):
    """Serve a folder 'out going' below a root."""
    (tmp_path / "out going").mkdir()
    if request.param == "sftp":
        with sftp_server(tmp_path) as (url, fingerprint):
            yield f"{url}/out%20going?host_key={fingerprint}", tmp_path / "out going"
    else:
        with ftp_server(tmp_path, modern=request.param == "ftp") as url:
            yield f"{url}/out%20going", tmp_path / "out going"


def put(folder, name, text, at=1_700_000_000):
    (folder / name).write_text(text)
    os.utime(folder / name, (at, at))


def ids(pair):
    connector, transport = pair
    return [connector.sight("c", row).id for row in transport.run(connector.read("c")).rows]


def test_a_folder_elsewhere_is_read_and_written(server, opened):
    """The newest file counts, changes are merged, and nothing but the file is left there."""
    url, folder = server
    pair = opened(url, write="replace")
    connector, transport = pair
    with pytest.raises(Unavailable, match="has arrived"):
        ids(pair)
    put(folder, "c.csv", "id,name\n1,a\n2,b\n")
    assert ids(pair) == ["1", "2"]
    put(folder, "c.csv", "id,name\n1,a\n3,c\n", at=1_700_000_100)
    assert ids(pair) == ["1", "3"]
    transport.run(connector.update("c", Update("1", {"name": "ü"})))
    transport.run(connector.create("c", {"id": "4", "name": "d"}, "key"))
    transport.run(connector.delete("c", "3"))
    assert (folder / "c.csv").read_text() == "id,name\n1,ü\n4,d\n"
    assert [each.name for each in folder.iterdir()] == ["c.csv"]
    assert ids(pair) == ["1", "4"]


def test_an_empty_file_elsewhere_is_a_file(server, opened):
    """It is no reason to take an older one, and one that is emptied is emptied there too."""
    url, folder = server
    put(folder, "c.csv", "", at=1_700_000_100)
    with pytest.raises(Unavailable, match="not complete"):
        ids(opened(url, complete={"settle_seconds": 0.01}))
    put(folder, "c.csv", '{"id": "1"}\n')
    pair = opened(url, format="jsonl", write="replace")
    connector, transport = pair
    assert ids(pair) == ["1"]
    transport.run(connector.delete("c", "1"))
    assert (folder / "c.csv").read_text() == ""
    assert [each.name for each in folder.iterdir()] == ["c.csv"]
    assert ids(pair) == []


def test_a_slow_answer_within_the_time_out_is_an_answer(tmp_path, opened):
    """Whatever the clock shows when it is waited for: whole seconds end early or late."""
    put(tmp_path, "c.csv", "id,name\n1,a\n")
    with sftp_server(tmp_path, pause=0.6) as (url, fingerprint):
        pair = opened(f"{url}?host_key={fingerprint}", network={"timeout_seconds": 1})
        for _ in range(3):
            assert ids(pair) == ["1"]


def test_files_elsewhere_are_archived(server, opened):
    """They stay the state until a newer one comes."""
    url, folder = server
    for day in ("2026-11-01", "2026-11-02"):
        put(folder, f"c-{day}.csv", f"id\n{day}\n")
    pair = opened(url, name="c-{date}.csv", archive="read")
    assert ids(pair) == ["2026-11-02"]
    pair[1].put_away()
    assert [each.name for each in folder.iterdir()] == ["read"]
    assert ids(pair) == ["2026-11-02"]
    put(folder, "c-2026-11-03.csv", "id\nnewer\n")
    assert ids(pair) == ["newer"]


def test_a_wrong_password_is_an_error_of_access(server, opened):
    """It names the place and never the password."""
    url, folder = server
    put(folder, "c.csv", "id\n1\n")
    with pytest.raises(AccessError) as refused:
        ids(opened(url, {**SIGN_IN, "password": "wrong-word"}))
    assert "wrong-word" not in f"{refused.value} {refused.value.hint}"


def test_a_file_elsewhere_is_looked_at_twice_whatever_its_time_says(server, opened):
    """The clock of another machine proves nothing about the age of its files."""
    url, folder = server
    put(folder, "c.csv", "id\n1\n", at=1_500_000_000)
    connector, transport = opened(url, complete={"settle_seconds": 7})
    waits = []

    def grow(seconds):
        waits.append(seconds)
        put(folder, "c.csv", "id\n1\n2\n", at=1_500_000_000)

    transport._shelves["c"]._arrival._sleep = grow
    with pytest.raises(Unavailable, match="still being written"):
        transport.run(connector.read("c"))
    assert waits == [7]


def test_a_replacement_that_was_cut_off_is_ended(tmp_path, opened):
    """Between the removal of the old file and the renaming of the new one, the new one is whole."""
    put(tmp_path, ".c.csv.tally-new", "id\n1\n2\n")
    put(tmp_path, ".c.csv.tally-tmp", "id\n1")
    with sftp_server(tmp_path) as (url, fingerprint):
        assert ids(opened(f"{url}/?host_key={fingerprint}", write="replace")) == ["1", "2"]
    assert (tmp_path / "c.csv").read_text() == "id\n1\n2\n"


def test_another_host_key_is_not_believed(tmp_path, opened):
    """Whoever answers in the place of the server learns no password."""
    with sftp_server(tmp_path) as (url, _):
        for address in (f"{url}/?host_key=SHA256:{'A' * 43}", url):
            with pytest.raises(Error) as refused:
                ids(opened(address))
            assert "known_hosts" in refused.value.hint


def test_a_file_is_downloaded_by_http(tmp_path, opened):
    """It is asked for its state first, and fetched again only when that changes."""
    put(tmp_path, "c.csv", "id\n1\n")
    with web_server(tmp_path) as url:
        pair = opened(url, {"type": "none"})
        assert ids(pair) == ["1"]
        put(tmp_path, "c.csv", "id\n2\n", at=1_700_000_100)
        assert ids(pair) == ["2"]
        (tmp_path / "c.csv").unlink()
        with pytest.raises(Unavailable, match="has arrived"):
            ids(pair)


def test_http_that_tells_no_state_is_compared_by_content(tmp_path, opened):
    """A server that answers no HEAD, or gives no time and no tag."""

    def refuse(handler):
        handler.send_error(405)

    def answer(handler):
        content = (tmp_path / "c.csv").read_bytes()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    put(tmp_path, "c.csv", "id\n1\n")
    with web_server(tmp_path, do_HEAD=refuse, do_GET=answer) as url:
        pair = opened(url, {"type": "none"})
        assert ids(pair) == ["1"]
        put(tmp_path, "c.csv", "id\n2\n")
        assert ids(pair) == ["2"]


def test_a_download_that_breaks_off_is_no_file(tmp_path, opened):
    """Fewer bytes than were announced."""

    def cut(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.send_header("ETag", '"1"')
        handler.end_headers()
        if handler.command == "GET":
            handler.wfile.write(b"id\n1\n")

    with web_server(tmp_path, do_HEAD=cut, do_GET=cut) as url, pytest.raises(Unavailable):
        ids(opened(url, {"type": "none"}))


@pytest.mark.parametrize(("status", "kind"), [(401, AccessError), (302, Garbled), (503, Unavailable), (400, Garbled)])
def test_what_a_web_server_says_is_understood(tmp_path, opened, status, kind):
    """Redirects are not followed, refusals are named."""

    def say(handler):
        handler.send_response(status)
        handler.send_header("Location", "http://127.0.0.1:1/")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with web_server(tmp_path, do_HEAD=say, do_GET=say) as url, pytest.raises(kind):
        ids(opened(url, {"type": "none"}))


def test_credentials_for_http_go_where_they_belong(tmp_path, opened):
    """Basic and bearer."""
    seen = []

    def say(handler):
        seen.append(handler.headers.get("Authorization"))
        handler.send_error(404)

    with web_server(tmp_path, do_HEAD=say) as url:
        for auth in (SIGN_IN, {"type": "bearer", "token": "t0ken"}):
            with pytest.raises(Unavailable):
                ids(opened(url, auth))
    assert seen[0].startswith("Basic ")
    assert seen[1] == "Bearer t0ken"


@pytest.mark.parametrize(
    "url", ["gopher://x/y", "sftp://u:word@host/", "sftp:///nowhere", "ftp://host:port/", "http://[::1/x"]
)
def test_addresses_that_cannot_be_are_named(opened, url):
    """Also one with a password in it."""
    with pytest.raises(ProjectError) as refused:
        opened(url)
    assert "word@" not in str(refused.value)


def test_nobody_there(opened):
    """A server that does not answer is unavailable."""
    with pytest.raises(Unavailable):
        ids(opened("sftp://127.0.0.1:1/"))


def test_a_bucket_is_read_written_and_archived(opened):
    """Requests are signed, listings are read to their end, and a newer object is not overwritten."""
    objects = {f"in/a{at}.txt": (b"x", 0) for at in range(5)}
    objects |= {"in/c.csv": (b"id,name\n1,a\n2,b\n", 0), "in/deep/c.csv": (b"id\n9\n", 0)}
    seen = []
    sign_in = {"type": "basic", "username": "key", "password": "secret"}
    with bucket_server(objects, seen) as endpoint:
        url = f"s3://box/in?region=eu-central-1&endpoint={endpoint}"
        pair = opened(url, sign_in, write="replace")
        connector, transport = pair
        assert ids(pair) == ["1", "2"]
        assert "/eu-central-1/s3/aws4_request" in seen[0]
        transport.run(connector.update("c", Update("1", {"name": "ü"})))
        assert objects["in/c.csv"][0].decode() == "id,name\n1,ü\n2,b\n"
        archiving = opened(url, sign_in, archive="read")
        assert ids(archiving) == ["1", "2"]
        archiving[1].put_away()
        assert not [key for key in objects if key == "in/c.csv"]
        assert ids(archiving) == ["1", "2"]
        with pytest.raises(AccessError):
            ids(opened(url, {**sign_in, "username": "other"}))


def test_addresses_of_buckets_that_cannot_be_are_named(opened):
    """A bucket without name, an endpoint that is none."""
    for url in ("s3:///x", "s3://box/?endpoint=ftp://x"):
        with pytest.raises(ProjectError):
            opened(url)
