"""A GraphQL service by strawberry: Relay connections, filters, payloads with user errors. Run: ``PORT``."""

# ruff: noqa: A002 - arguments are named as the schema names them
import asyncio
import base64
import enum
import itertools
import sys
from datetime import UTC, datetime

import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from strawberry.asgi import GraphQL

LONGEST_NAME = 40
LARGEST_PAGE = 100
NUMBERS = itertools.count(1)
CUSTOMERS: dict[str, "Customer"] = {}
COMPANIES: dict[str, "Company"] = {}


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a server has a clock


def coded(kind: str, number: int) -> strawberry.ID:
    return strawberry.ID(base64.b64encode(f"{kind}:{number}".encode()).decode())


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.type
class Address:
    street: str | None = None
    city: str | None = None


@strawberry.enum
class Status(enum.Enum):
    ACTIVE = "active"
    DORMANT = "dormant"


@strawberry.type
class Company(Node):
    name: str
    updated_at: datetime


@strawberry.type(description="Somebody who buys.")
class Customer(Node):
    name: str
    email: str
    points: int | None
    status: Status
    address: Address
    tags: list[str]
    company: Company | None
    created_at: datetime
    updated_at: datetime

    @strawberry.field
    def rating(self) -> int | None:
        """Fails for one customer, as fields do that come from elsewhere."""
        if self.name == "Rating fails":
            raise RuntimeError("the rating service does not answer")
        return 5

    @strawberry.field
    def orders(self, last: int) -> int:
        """Cannot be asked for by its name alone."""
        return last


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class CustomerEdge:
    cursor: str
    node: Customer


@strawberry.type
class CustomerConnection:
    edges: list[CustomerEdge]
    page_info: PageInfo
    total_count: int


@strawberry.type
class CompanyConnection:
    nodes: list[Company]
    page_info: PageInfo


@strawberry.input
class DateFilter:
    gte: datetime | None = None
    lt: datetime | None = None


@strawberry.input
class TextFilter:
    eq: str | None = None
    contains: str | None = None


@strawberry.input
class CustomerFilter:
    email: TextFilter | None = None
    name: TextFilter | None = None
    updated_at: DateFilter | None = None


@strawberry.enum
class CustomerOrder(enum.Enum):
    ID_ASC = "id"


@strawberry.input
class AddressInput:
    street: str | None = strawberry.UNSET
    city: str | None = strawberry.UNSET


@strawberry.input
class CustomerInput:
    name: str
    email: str
    points: int | None = None
    status: Status = Status.ACTIVE
    address: AddressInput | None = None
    tags: list[str] = strawberry.field(default_factory=list)
    company_id: strawberry.ID | None = None


@strawberry.input
class CustomerPatch:
    name: str | None = strawberry.UNSET
    email: str | None = strawberry.UNSET
    points: int | None = strawberry.UNSET
    status: Status | None = strawberry.UNSET
    address: AddressInput | None = strawberry.UNSET
    tags: list[str] | None = strawberry.UNSET
    company_id: strawberry.ID | None = strawberry.UNSET


@strawberry.input
class CompanyInput:
    name: str


@strawberry.type
class UserError:
    message: str
    field: list[str] | None = None
    code: str | None = None


@strawberry.type
class CustomerPayload:
    customer: Customer | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.type
class DeletePayload:
    deleted_customer_id: strawberry.ID | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)


@strawberry.type
class CompanyPayload:
    company: Company | None = None
    user_errors: list[UserError] = strawberry.field(default_factory=list)


def number_of(node: Node) -> int:
    return int(base64.b64decode(node.id).partition(b":")[2])


def page(rows: list, first: int, after: str | None) -> tuple[list, PageInfo]:
    """Cut a page behind the record that the cursor names, whatever was created or deleted meanwhile."""
    if not 0 < first <= LARGEST_PAGE:
        raise ValueError(f"first must be between 1 and {LARGEST_PAGE}")
    rest = [each for each in rows if after is None or number_of(each) > int(base64.b64decode(after))]
    cut = rest[:first]
    end = base64.b64encode(str(number_of(cut[-1])).encode()).decode() if cut else None
    return cut, PageInfo(has_next_page=len(rest) > len(cut), end_cursor=end)


def wrong(given: object, own: str = "") -> UserError | None:
    name, email = getattr(given, "name", None), getattr(given, "email", None)
    if isinstance(name, str) and (not name or len(name) > LONGEST_NAME):
        return UserError(message=f"name may have {LONGEST_NAME} characters", field=["input", "name"], code="TOO_LONG")
    if isinstance(email, str) and any(each.email == email and each.id != own for each in CUSTOMERS.values()):
        return UserError(message="email has already been taken", field=["input", "email"], code="TAKEN")
    return None


@strawberry.type
class Query:
    @strawberry.field
    def customers(
        self,
        first: int = 20,
        after: str | None = None,
        filter: CustomerFilter | None = None,
        order_by: list[CustomerOrder] | None = None,
    ) -> CustomerConnection:
        rows = list(CUSTOMERS.values())
        rows.sort(key=number_of)
        if filter and filter.email and filter.email.eq is not None:
            rows = [each for each in rows if each.email == filter.email.eq]
        if filter and filter.name and filter.name.eq is not None:
            rows = [each for each in rows if each.name == filter.name.eq]
        if filter and filter.updated_at and filter.updated_at.gte:
            rows = [each for each in rows if each.updated_at >= filter.updated_at.gte]
        cut, info = page(rows, first, after)
        edges = [CustomerEdge(cursor=str(at), node=each) for at, each in enumerate(cut)]
        return CustomerConnection(edges=edges, page_info=info, total_count=len(rows))

    @strawberry.field
    def companies(self, first: int = 20, after: str | None = None) -> CompanyConnection:
        cut, info = page(list(COMPANIES.values()), first, after)
        return CompanyConnection(nodes=cut, page_info=info)

    @strawberry.field
    def customer(self, id: strawberry.ID) -> Customer | None:
        return CUSTOMERS.get(id)

    @strawberry.field
    def node(self, id: strawberry.ID) -> Node | None:
        return CUSTOMERS.get(id) or COMPANIES.get(id)


@strawberry.type
class Mutation:
    @strawberry.mutation
    def customer_create(self, input: CustomerInput) -> CustomerPayload:
        if error := wrong(input):
            return CustomerPayload(user_errors=[error])
        address = input.address or AddressInput()
        made = Customer(
            id=coded("Customer", next(NUMBERS)), name=input.name, email=input.email, points=input.points,
            status=input.status, tags=input.tags, company=COMPANIES.get(input.company_id or ""),
            address=Address(street=address.street or None, city=address.city or None),
            created_at=now(), updated_at=now(),
        )  # fmt: skip
        CUSTOMERS[made.id] = made
        return CustomerPayload(customer=made)

    @strawberry.mutation
    def customer_update(self, id: strawberry.ID, input: CustomerPatch) -> CustomerPayload:
        found = CUSTOMERS.get(id)
        if found is None:
            return CustomerPayload(
                user_errors=[UserError(message="customer not found", field=["id"], code="NOT_FOUND")]
            )
        if error := wrong(input, id):
            return CustomerPayload(user_errors=[error])
        for name in ("name", "email", "points", "status", "tags"):
            if (value := getattr(input, name)) is not strawberry.UNSET:
                setattr(found, name, value)
        if input.company_id is not strawberry.UNSET:
            found.company = COMPANIES.get(input.company_id or "")
        if input.address:
            for name in ("street", "city"):
                if (value := getattr(input.address, name)) is not strawberry.UNSET:
                    setattr(found.address, name, value)
        found.updated_at = now()
        return CustomerPayload(customer=found)

    @strawberry.mutation
    def customer_delete(self, id: strawberry.ID) -> DeletePayload:
        if CUSTOMERS.pop(id, None) is None:
            return DeletePayload(user_errors=[UserError(message="customer not found", code="NOT_FOUND")])
        return DeletePayload(deleted_customer_id=id)

    @strawberry.mutation
    def company_create(self, input: CompanyInput) -> CompanyPayload:
        made = Company(id=coded("Company", next(NUMBERS)), name=input.name, updated_at=now())
        COMPANIES[made.id] = made
        return CompanyPayload(company=made)


async def forget(_: object) -> PlainTextResponse:
    CUSTOMERS.clear()
    COMPANIES.clear()
    await asyncio.sleep(0)
    return PlainTextResponse("forgotten")


SCHEMA = strawberry.Schema(Query, Mutation)
APP = Starlette(routes=[Route("/forget", forget, methods=["POST"])])
APP.mount("/graphql", GraphQL(SCHEMA))

if __name__ == "__main__":
    uvicorn.run(APP, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", lifespan="off")
