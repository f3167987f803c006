"""Link headers as servers really write them."""

import pytest

from tallystick.connectors.http.links import next_link


@pytest.mark.parametrize(
    ("values", "target"),
    [
        (['<https://x.test/?page=2>; rel="next", <https://x.test/?page=9>; rel="last"'], "https://x.test/?page=2"),
        (['<https://x.test/?page=1>; rel="prev"', '<https://x.test/?page=3>; rel="next"'], "https://x.test/?page=3"),
        (["</a?p=2>;rel=next"], "/a?p=2"),
        (["</a?p=2> ; REL = 'x'; rel=next"], ""),
        (['</a?p=2>; title="a, b; c=\\"d\\""; rel="next"'], "/a?p=2"),
        (['</a?p=2>; rel="last next"'], "/a?p=2"),
        (['</a?p=2>; rel="NEXT"'], "/a?p=2"),
        (['</a?ids=1,2;3>; rel="next"'], "/a?ids=1,2;3"),
        (['</a>; rel="prev"; rel="next"'], ""),
        (['</a>; results="true"; rel="next"; cursor="0:100:0"'], "/a"),
        (['</a>; rel="nextish"'], ""),
        (["</a>"], ""),
        (["nonsense", "<"], ""),
        ([], ""),
    ],
)
def test_the_next_link_is_found_in_every_spelling(values, target):
    assert next_link(values) == target
