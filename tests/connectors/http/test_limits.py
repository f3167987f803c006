"""The bucket, the waits that systems ask for, and when sending again is harmless."""

import pytest

from tallystick.connectors.http.limits import Bucket, back_off, retry_after
from tallystick.connectors.http.message import Headers, Request, Response
from tallystick.connectors.http.retrying import Again, Tries, after_failure, after_response
from tallystick.connectors.http.told import wait_when_spent
from tallystick.core.error import AccessError, Throttled, Unavailable

NOON = 1_763_812_800  # Sat, 22 Nov 2025 12:00:00 GMT


def test_a_bucket_lets_a_burst_go_and_then_one_per_interval():
    bucket, gone, now = Bucket(10, 3), [], 100.0
    while len(gone) < 8:
        wait = bucket.wait(now)
        now += wait
        assert bucket.wait(now) == 0
        bucket.take(now)
        gone.append(round(now - 100, 6))
    assert gone == pytest.approx([0, 0, 0, 0.1, 0.2, 0.3, 0.4, 0.5], abs=1e-6)


def test_a_bucket_never_holds_more_than_its_burst():
    bucket = Bucket(10, 2)
    for _ in range(2):
        bucket.take(5000.0)
    assert bucket.wait(5000.0) > 0


def drive(bucket, bears, seconds, now=0.0):
    """Send as fast as the bucket lets us to a system that bears so many a second; gives accepted and refused."""
    end, took, outcome = now + seconds, [], [0, 0]
    while now < end:
        wait = bucket.wait(now)
        if wait > 0:
            now += wait
            continue
        bucket.take(now)
        took = [t for t in took if now - t < 1]
        if len(took) < bears:
            took.append(now)
            outcome[0] += 1
            bucket.accepted(now)
        else:
            outcome[1] += 1
            bucket.refused(now)
        now += 0.001
    return outcome


@pytest.mark.parametrize("rate", [None, 200])
@pytest.mark.parametrize("bears", [5, 50])
def test_an_adaptive_bucket_finds_what_a_system_bears(rate, bears):
    """Few requests are refused, and most of what the system bears is used."""
    accepted, refused = drive(Bucket(rate, 10, adaptive=True), bears, 120)
    plain = drive(Bucket(rate, 10), bears, 120)
    assert refused * 10 < plain[1]
    assert refused < accepted / 4
    assert accepted > 0.5 * 120 * bears


def test_an_adaptive_bucket_recovers_up_to_the_rate_that_is_set():
    bucket = Bucket(20, 20, adaptive=True)
    for _ in range(20):
        bucket.take(10.0)
        bucket.accepted(10.0)
    bucket.refused(10.0)
    bucket.refused(10.5)
    assert bucket.rate == 10, "refusals within a second are one"
    bucket.accepted(15.0)
    assert bucket.rate == 12.5, "a twentieth for each second"
    bucket.accepted(100.0)
    assert bucket.rate == 20, "no more than the manifest allows"


def test_a_lone_refusal_sets_no_rate():
    bucket = Bucket(None, 1, adaptive=True)
    bucket.take(10.0)
    bucket.refused(10.0)
    assert bucket.rate is None


def test_a_pause_holds_everything_and_a_shorter_one_does_not_end_it():
    bucket = Bucket(None, 1)
    bucket.pause(60.0)
    bucket.pause(20.0)
    assert bucket.wait(10.0) == 50
    assert bucket.wait(60.0) == 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "0.5"}, 0.5),
        ({"Retry-After": "-3"}, 0),
        ({"retry-after": "Sat, 22 Nov 2025 12:00:30 GMT", "Date": "Sat, 22 Nov 2025 12:00:10 GMT"}, 20),
        ({"Retry-After": "Sat, 22 Nov 2025 12:00:30 GMT"}, 30),
        ({"Retry-After": "Sat, 22 Nov 2025 11:00:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_a_number_or_a_date_by_the_servers_clock(headers, seconds):
    assert retry_after(Headers.of(headers), NOON) == seconds


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOON + 40)}, 40),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str((NOON + 40) * 1000)}, 40),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "12"}, 12),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2025-11-22T12:00:05Z"}, 5),
        ({"RateLimit-Remaining": "0", "RateLimit-Reset": "3"}, 3),
        ({"RateLimit": '"default";r=0;t=9'}, 9),
        ({"RateLimit": "limit=100, remaining=0, reset=8"}, 8),
        ({"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "4"}, 4),
        ({"X-RateLimit-Remaining": "5", "X-RateLimit-Reset": "12"}, None),
        ({"X-RateLimit-Remaining": "0"}, None),
        ({"X-RateLimit-Remaining": "lots", "X-RateLimit-Reset": "12"}, None),
    ],
)
def test_a_spent_quota_is_read_from_every_usual_header(headers, seconds):
    assert wait_when_spent(Headers.of(headers), NOON) == seconds


def test_back_off_doubles_and_is_bounded_with_half_by_chance():
    assert [back_off(n, 1) for n in (1, 2, 3, 4, 5, 9)] == [0.5, 1, 2, 4, 8, 8]
    assert back_off(3, 0) == 1


def request(method, *, repeatable=False):
    return Request(method, "http://x.test/", repeatable=repeatable)


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_write_is_never_sent_again_after_a_server_error(method, status):
    assert after_response(request(method), Response(status), Tries(), None, 60, 0.5) is None


def test_a_write_that_declares_itself_repeatable_is_sent_again():
    assert isinstance(after_response(request("PUT", repeatable=True), Response(503), Tries(), None, 60, 0.5), Again)


def test_a_read_is_sent_again_three_times_and_then_handed_over():
    tries = Tries()
    verdicts = [after_response(request("GET"), Response(502), tries, None, 60, 1) for _ in range(4)]
    assert verdicts == [Again(0.5), Again(1.0), Again(2.0), None]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_429_proves_that_nothing_was_applied_so_everything_is_sent_again_and_all_wait(method):
    assert after_response(request(method), Response(429), Tries(), 5, 60, 0.5) == Again(5, for_all=True)


def test_a_wait_beyond_the_limit_is_handed_on_as_a_number():
    verdict = after_response(request("GET"), Response(429), Tries(), 3600, 60, 0.5)
    assert isinstance(verdict, Throttled)
    assert verdict.wait_seconds == 3600


def test_many_short_waits_add_up_to_the_limit():
    tries = Tries(waited=58)
    assert isinstance(after_response(request("GET"), Response(429), tries, 5, 60, 0.5), Throttled)


def test_a_server_that_says_429_with_no_wait_for_ever_is_given_up():
    tries = Tries()
    verdicts = [after_response(request("GET"), Response(429), tries, 0, 60, 0.5) for _ in range(11)]
    assert isinstance(verdicts[-1], Throttled)


def test_after_a_broken_connection_only_what_was_not_sent_or_is_harmless_is_sent_again():
    unsent = Unavailable("refused", applied="no")
    unknown = Unavailable("reset", applied="unknown")
    assert after_failure(request("POST"), unsent, Tries(), 0.5)
    assert after_failure(request("POST"), unknown, Tries(), 0.5) is None
    assert after_failure(request("GET"), Unavailable("reset", applied="no"), Tries(), 0.5)
    assert after_failure(request("GET"), AccessError("certificate"), Tries(), 0.5) is None
