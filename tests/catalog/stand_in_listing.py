"""How the stand-in lists: what was asked for, which rows that are, and one page in the manifest's way of paging."""

import json
from urllib.parse import urlencode

from tests.catalog.stand_in_shapes import get_at, invert, read_time


def fixed_query(operation, resolve):
    """Give the parameters that go along with every call."""
    return {name: resolve(value) if isinstance(value, str) else value for name, value in operation.query.items()}


class Listing:
    """The listing of one object."""

    def __init__(self, system, shelf, operation):
        self.system, self.shelf, self.operation = system, shelf, operation
        self.spec, self.paging = shelf.spec, shelf.spec.paging

    def asked(self, request, body):
        """Give the parameters of a request, of which none may be unknown."""
        if "go" in request.query and self.paging.type in {"link", "next_url"}:
            return json.loads(request.query["go"])
        by_body = self.operation.method == "POST"
        asked = dict(body) if by_body else dict(request.query)
        always = self.operation.body if by_body else fixed_query(self.operation, self.system.resolve)
        known = {*always, *self.own_names()}
        if asked.keys() - known:
            raise ValueError(f"unknown parameters: {asked.keys() - known}")
        for name, value in always.items():
            if asked.get(name) != value and name not in self.own_names():
                raise ValueError(f"{name} must be {value}")
        return asked

    def is_meant(self, query):
        """Tell whether a fixed parameter, or what since puts in its place, is the one of this object."""
        since = self.spec.since
        for name, value in fixed_query(self.operation, self.system.resolve).items():
            is_since = since is not None and since.param == name and self.is_since(query)
            if query.get(name) != value and not is_since:
                return False
        return True

    def own_names(self):
        paging = self.paging
        names = [
            getattr(paging, n, "") for n in ("offset_param", "limit_param", "page_param", "size_param", "cursor_param")
        ]
        names += [self.spec.since.param] if self.spec.since else []
        names += [self.spec.sort.param] if self.spec.sort else []
        return {*names, *(f.param for f in self.spec.filters.values())} - {""}

    def rows(self, asked):
        spec = self.spec
        rows = list(self.shelf.alive().values())
        for path, told in spec.filters.items():
            wanted = invert(told.template, asked[told.param]) if told.param in asked else None
            if wanted is not None and not (spec.since and self.is_since(asked)):
                rows = [row for row in rows if str(get_at(row, path)) == str(wanted)]
        if spec.since and self.is_since(asked):
            bound = read_time(invert(self.since_template(), asked[spec.since.param]), spec.since.format)
            rows = [row for row in rows if self.is_late(row, bound)]
        if spec.sort and spec.sort.param in asked:
            name = spec.modified.rpartition(".")[2]
            by_time = name and name in str(asked[spec.sort.param])
            rows.sort(key=self.time_of if by_time else self.number_of)
        return rows

    def number_of(self, row):
        return int(str(get_at(row, self.spec.id)).removeprefix("id-"))

    def since_template(self):
        template = self.spec.since.template
        return self.system.resolve(template) if isinstance(template, str) else template

    def is_since(self, asked):
        param = self.spec.since.param
        return param in asked and invert(self.since_template(), asked[param]) is not None

    def is_late(self, row, bound):
        time = self.time_of(row)
        return time >= bound if self.spec.since.inclusive else time > bound

    def place_of(self, row):
        is_timed = self.spec.sort is None or self.spec.modified.rpartition(".")[2] in str(self.spec.sort.value)
        by_time = is_timed and self.operation.method == "POST"
        return (self.time_of(row) if by_time else 0, self.number_of(row))

    def time_of(self, row):
        return read_time(get_at(row, self.spec.modified), self.spec.modified_format)

    def page(self, asked, request):
        """Give the rows of a page, what stands beside them by path, and headers."""
        rows, paging = self.rows(asked), self.paging
        if paging.type == "none":
            return rows, {}, {}
        size_name = paging.limit_param if paging.type == "offset" else paging.size_param
        most = (paging.max_limit if paging.type == "offset" else paging.max_size) or 1000
        size = int(asked.get(size_name) or 3)
        if size > most:
            raise ValueError(f"no page has more than {most}")
        start = self.start(asked, rows, size)
        return self.cut(asked, request, rows, start, size)

    def start(self, asked, rows, size):
        paging = self.paging
        if paging.type == "offset":
            return int(asked.get(paging.offset_param) or 0)
        if paging.type == "page":
            return (int(asked.get(paging.page_param) or paging.first) - paging.first) * size
        if paging.type == "cursor" and paging.cursor_param in asked:
            token = asked[paging.cursor_param]
            if paging.from_last:
                ids = [str(get_at(row, paging.from_last)) for row in rows]
                return ids.index(token) + 1 if token in ids else len(rows)
            if self.spec.claims.list_order == "offset":
                return int(str(token).removeprefix("at-"))
            # After the record that was last, also where that one is gone.
            time, number = json.loads(token)
            return sum((self.place_of(row)) <= (time, number) for row in rows)
        return int(asked.get(" at", 0))

    def cut(self, asked, request, rows, start, size):
        paging, end = self.paging, start + size
        more, beside, headers = end < len(rows), {}, {}
        if paging.type == "cursor":
            if paging.next and (more or not paging.has_more):
                is_count = self.spec.claims.list_order == "offset"
                token = (
                    f"at-{end}"
                    if is_count
                    else json.dumps(self.place_of(rows[min(end, len(rows)) - 1]))
                    if more
                    else ""
                )
                beside |= {paging.next: token} if more else {}
            if paging.has_more:
                beside[paging.has_more] = more
        elif paging.type in {"link", "next_url"} and more:
            address = f"{request.path}?{urlencode({'go': json.dumps({**asked, ' at': end, ' of': self.shelf.name})})}"
            if paging.type == "link":
                headers["Link"] = f'<http://{request.headers["host"]}{address}>; rel="next"'
            else:
                beside[paging.next] = address
        for said, value in (
            (getattr(paging, "total", ""), len(rows)),
            (getattr(paging, "pages", ""), -(-len(rows) // size)),
        ):
            if said.startswith("header:"):
                headers[said.removeprefix("header:")] = str(value)
            elif said:
                beside[said] = value
        return rows[start:end], beside, headers
