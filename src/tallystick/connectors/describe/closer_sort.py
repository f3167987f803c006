"""Find out how a listing is put in order: it is asked for downwards and upwards, in the words that systems use.

Only a word that turns the order round is believed; a listing that comes in some order anyway proves nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from tallystick.project.manifest import Sort

Values = Callable[[dict[str, str]], Sequence[Any]]
# The parameter, what it says for upwards, and what for downwards.
_WORDS: Final = (
    ("sort", "{field}", "-{field}"), ("ordering", "{field}", "-{field}"), ("order_by", "{field}", "-{field}"),
    ("sort", "{field}:asc", "{field}:desc"), ("sort", "{field},asc", "{field},desc"),
    ("sort", "{field} asc", "{field} desc"), ("order", "{field}.asc", "{field}.desc"),
    ("order", "{field} asc", "{field} desc"), ("$orderby", "{field} asc", "{field} desc"),
    ("orderBy", "{field} asc", "{field} desc"), ("order_by", "{field} asc", "{field} desc"),
    ("sort_by", "{field}", "-{field}"), ("sortBy", "{field}", "-{field}"), ("orderBy", "{field}", "-{field}"),
    ("sort_by", "{field}.asc", "{field}.desc"),
)  # fmt: skip
_BRACKETS: Final = ("sort[{field}]", "order[{field}]")
# Where a second parameter says the way, the field alone goes upwards.
_PAIRS: Final = (("_sort", "_order"), ("sort", "order"), ("sort_by", "order"), ("sort_by", "sort_order"),
                 ("sortBy", "sortOrder"), ("sort", "direction"), ("order_by", "direction"))  # fmt: skip
_FEW: Final = 3


def find_sort(field: str, values: Values) -> tuple[Sort, str] | None:
    """Find how to ask for the order of ``field``, with why; ``values`` gives its values on the page so asked for."""

    def turns(up: dict[str, str], down: dict[str, str]) -> bool:
        return _goes(values(down), -1) and _goes(values(up), 1)

    for param, up, down in _WORDS:
        value = up.replace("{field}", field)
        if turns({param: value}, {param: down.replace("{field}", field)}):
            sort = Sort(param=param, value=value, fields=(field,), template=up, descending=down)
            return sort, f"{param}={value} goes upwards, {param}={down.replace('{field}', field)} downwards"
    for bracket in _BRACKETS:
        param = bracket.replace("{field}", field)
        if turns({param: "asc"}, {param: "desc"}):
            sort = Sort(param=param, value="asc", fields=(field,), template="asc", descending="desc")
            return sort, f"{param}=asc goes upwards, {param}=desc downwards"
    for param, way in _PAIRS:
        if turns({param: field}, {param: field, way: "desc"}):
            return Sort(param=param, value=field), f"{param}={field} goes upwards, with {way}=desc downwards"
    return None


def _goes(values: Sequence[Any], way: int) -> bool:
    """Whether values are in order, by number or by text, and not all the same."""
    texts = [str(value) for value in values if isinstance(value, str | int) and not isinstance(value, bool)]
    if len(texts) < len(values) or len(set(texts)) < _FEW:
        return False
    orders: list[list[Any]] = [texts]
    if all(text.isdecimal() for text in texts):
        orders.append([int(text) for text in texts])
    return any(order == sorted(order, reverse=way < 0) for order in orders)
