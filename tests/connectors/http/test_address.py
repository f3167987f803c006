"""Requests stay where the manifest allows, and ids cannot change what an address means."""

import pytest

from tallystick.connectors.http.address import Hosts, add_path, add_query, ascii_host, drop_query, follow, quote_id
from tallystick.connectors.http.scrub import Scrub
from tallystick.core.error import DataError, ProjectError

HOSTS = Hosts.of("https://api.crm.test/v1", ["files.crm.test", "other.test:8443", "http://plain.test"])


@pytest.mark.parametrize(
    ("url", "home", "admitted"),
    [
        ("https://api.crm.test/v1/x", True, True),
        ("https://API.crm.test:443/x", True, True),
        ("https://api.crm.test./x", True, True),
        ("https://files.crm.test/x", False, True),
        ("https://other.test:8443/x", False, True),
        ("https://other.test/x", False, False),
        ("https://files.crm.test:444/x", False, False),
        ("http://api.crm.test/x", False, False),  # no way down from https
        ("http://plain.test/x", False, False),
        ("https://api.crm.test:8443/x", False, False),
        ("https://api.crm.test@evil.test/x", False, False),
        ("https://api.crm.test:x@evil.test/x", False, False),
        ("https://evil.test/https://api.crm.test/", False, False),
        ("https://evil.test\\@api.crm.test/", False, False),
        ("https://api.crm.test.evil.test/", False, False),
        ("https://169.254.169.254/latest", False, False),
        ("https://[::1]/", False, False),
        ("file:///etc/passwd", False, False),
        ("gopher://api.crm.test/", False, False),
        ("//api.crm.test/", False, False),
        ("https://api.crm.test:99999/", False, False),
        ("https:///x", False, False),
        ("", False, False),
    ],
)
def test_only_the_own_origin_and_named_hosts_are_reached(url, home, admitted):
    assert (HOSTS.is_home(url), HOSTS.admits(url)) == (home, admitted)


def test_http_may_be_upgraded_to_https_on_the_same_host():
    hosts = Hosts.of("http://crm.test/")
    assert hosts.is_home("https://crm.test/x")
    assert not hosts.is_home("https://crm.test:8443/x")


@pytest.mark.parametrize("bad", ["", "crm.test/api", "ftp://crm.test", "https://user:pass@crm.test/", "https://"])
def test_a_base_url_that_is_none_is_refused_without_showing_a_password(bad):
    with pytest.raises(ProjectError) as caught:
        Hosts.of(bad)
    assert "pass" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("record_id", ["", ".", ".."])
def test_an_id_that_would_name_the_collection_is_refused(record_id):
    with pytest.raises(DataError):
        quote_id(record_id)


def test_an_id_is_one_step_of_the_path_whatever_is_in_it():
    assert quote_id("a/b?c#d e%2F") == "a%2Fb%3Fc%23d%20e%252F"
    assert quote_id("Müller") == "M%C3%BCller"


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("https://x.test/v1", "/a/{id}", "https://x.test/v1/a/{id}"),
        ("https://x.test/v1/", "a", "https://x.test/v1/a"),
        ("https://x.test", "", "https://x.test"),
        ("https://x.test/v1?tenant=1", "/a?x=2", "https://x.test/v1/a?tenant=1&x=2"),
        ("https://x.test", "/größe", "https://x.test/gr%C3%B6%C3%9Fe"),
    ],
)
def test_paths_are_added_to_the_base(base, path, url):
    assert add_path(base, path) == url


def test_links_are_resolved_encoded_and_lose_their_fragment():
    assert follow("https://x.test/v1/a?p=1", "?p=2#top") == "https://x.test/v1/a?p=2"
    assert follow("https://x.test/v1/a", "/v1/a?q=a b&n=ü") == "https://x.test/v1/a?q=a%20b&n=%C3%BC"
    assert follow("https://x.test/v1/a", "https://y.test/%20") == "https://y.test/%20"


def test_query_parameters_are_added_and_secret_ones_dropped():
    assert (
        add_query("https://x.test/a", [("q", "a&b=c"), ("page[size]", "2")])
        == "https://x.test/a?q=a%26b%3Dc&page[size]=2"
    )
    assert add_query("https://x.test/a?x=1", [("y", "2")]) == "https://x.test/a?x=1&y=2"
    assert drop_query("https://x.test/a?key=s&p=2", frozenset({"key"})) == "https://x.test/a?p=2"


def test_a_host_is_spelled_as_dns_does():
    assert ascii_host("https://müller.test/x") == "https://xn--mller-kva.test/x"


def test_a_scrubbed_text_holds_no_secret_and_is_short():
    scrub = Scrub()
    scrub.learn("s3cret/key")
    text = scrub(
        "key s3cret/key or s3cret%2Fkey, Authorization: Bearer abcdefghijk, ?api_key=zzz&x=1 \x1b[31m " + "y" * 900
    )
    assert "s3cret" not in text
    assert "abcdefghijk" not in text
    assert "zzz" not in text
    assert "\x1b" not in text
    assert len(text) <= 300
    assert "s3cret" not in repr(scrub)
