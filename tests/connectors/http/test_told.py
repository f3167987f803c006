"""What headers say of quotas, in the spellings of many systems."""

import pytest

from tallystick.connectors.http.message import Headers
from tallystick.connectors.http.told import Told, read_told, speaks_of_limits, wait_when_spent
from tallystick.project.manifest import LimitHeaders

NOON = 1_763_812_800


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "9", "X-RateLimit-Reset": "30"}, [Told(9, 60, 30.0)]),
        ({"X-Rate-Limit-Remaining": "9"}, [Told(9)]),
        ({"RateLimit": '"day";r=50;t=3600'}, [Told(50, None, 3600.0, is_daily=True)]),
        (
            {
                "RateLimit": '"burst";r=3;t=1, "long";r=900;t=7000',
                "RateLimit-Policy": '"burst";q=5;w=1, "long";q=1000;w=86400',
            },
            [Told(3, 5, 1.0), Told(900, 1000, 7000.0, is_daily=True)],
        ),
        ({"RateLimit": "limit=100, remaining=4, reset=8"}, [Told(4, 100, 8.0)]),
        ({"Sforce-Limit-Info": "api-usage=18/5000"}, [Told(4982, 5000, None, is_daily=True)]),
        ({"X-Shopify-Shop-Api-Call-Limit": "32/40"}, [Told(8, 40, 1.0)]),
        (
            {
                "X-HubSpot-RateLimit-Daily": "250000",
                "X-HubSpot-RateLimit-Daily-Remaining": "249999",
                "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
                "X-HubSpot-RateLimit-Max": "100",
                "X-HubSpot-RateLimit-Remaining": "98",
            },
            [Told(249999, 250000, None, is_daily=True), Told(98, 100, 10.0)],
        ),
        ({"X-RateLimit-Limit-Day": "500", "X-RateLimit-Remaining-Day": "7"}, [Told(7, 500, None, is_daily=True)]),
        ({"X-RateLimit-Remaining": "soon"}, []),
        ({"X-Page-Limit": "100", "X-Total-Remaining": "5"}, []),
        ({"Content-Type": "application/json"}, []),
    ],
)  # fmt: skip
def test_the_usual_spellings_are_understood(headers, told):
    assert read_told(Headers.of(headers), NOON) == told


@pytest.mark.parametrize(
    ("names", "headers", "told"),
    [
        ({"remaining": "X-Left", "limit": "X-All", "reset": "X-In"}, {"X-Left": "5", "X-All": "10", "X-In": "60"},
         [Told(5, 10, 60.0, is_daily=True)]),
        ({"used": "X-Spent", "limit": "X-All", "per": "burst"}, {"X-Spent": "12", "X-All": "10"}, [Told(0, 10, 1.0)]),
        ({"used": "X-Spent"}, {"X-Spent": "7/10"}, [Told(3, 10, None, is_daily=True)]),
        ({"used": "X-Spent"}, {"X-Spent": "7"}, []),
        ({"remaining": "X-Left"}, {"X-RateLimit-Remaining": "0"}, []),
    ],
)  # fmt: skip
def test_a_manifest_can_name_the_headers(names, headers, told):
    given = LimitHeaders.model_validate(names)
    assert read_told(Headers.of(headers), NOON, given) == told
    assert speaks_of_limits(Headers.of({"X-Left": "1"}), LimitHeaders(remaining="X-LEFT"))


def test_the_longest_wait_of_all_spent_quotas_counts():
    headers = {"RateLimit": '"burst";r=0;t=1, "long";r=0;t=70, "other";r=1;t=900'}
    assert wait_when_spent(Headers.of(headers), NOON) == 70
    assert wait_when_spent(Headers.of({"X-Shop-Call-Limit": "40/40"}), NOON) == 1
