"""A GraphQL service by ariadne: pages by offset, errors with codes, versions, unions of outcomes. Run: ``PORT``."""

# ruff: noqa: N803 - arguments are named as the schema names them
import itertools
import sys
from datetime import UTC, datetime

import uvicorn
from ariadne import MutationType, QueryType, ScalarType, UnionType, make_executable_schema
from ariadne.asgi import GraphQL
from graphql import GraphQLError
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

SDL = """
scalar DateTime
scalar Long
scalar Money

"One thing that is sold."
type Product {
  productId: Int!
  sku: String!
  title: String!
  stock: Long
  price: Money
  notes: String
  version: Int!
  createdAt: DateTime!
  modifiedAt: DateTime!
}
type ProductPage { items: [Product!]! total: Int! }
input ProductInput { sku: String! title: String! stock: Long price: Money notes: String }
input ProductChange { sku: String title: String stock: Long price: Money notes: String version: Int }
type InvalidProduct { message: String! }
union NewProduct = Product | InvalidProduct

type Query {
  productList(offset: Int = 0, limit: Int = 10, sku: String, modifiedSince: DateTime): ProductPage!
  product(productId: Int!): Product
}
type Mutation {
  addProduct(product: ProductInput!): NewProduct!
  updateProduct(productId: Int!, changes: ProductChange!): Product!
  removeProduct(productId: Int!): Boolean!
}
"""
LONGEST = 40
LARGEST_PAGE = 5
NUMBERS = itertools.count(1)
PRODUCTS: dict[int, dict] = {}
query, mutation, outcome = QueryType(), MutationType(), UnionType("NewProduct")
dated = ScalarType("DateTime", serializer=lambda value: value.isoformat(), value_parser=datetime.fromisoformat)
long, money = ScalarType("Long"), ScalarType("Money")


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a server has a clock


def refused(message: str, code: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})


@outcome.type_resolver
def outcome_type(found, *_):
    return "Product" if "productId" in found else "InvalidProduct"


@query.field("productList")
def resolve_list(*_, offset, limit, sku=None, modifiedSince=None):
    rows = sorted(PRODUCTS.values(), key=lambda each: each["productId"])
    rows = [each for each in rows if sku in {None, each["sku"]}]
    rows = [each for each in rows if modifiedSince is None or each["modifiedAt"] > modifiedSince]
    return {"items": rows[offset : offset + min(limit, LARGEST_PAGE)], "total": len(rows)}


@query.field("product")
def resolve_one(*_, productId):
    if productId not in PRODUCTS:
        raise refused("there is no such product", "NOT_FOUND")
    return PRODUCTS[productId]


def fault_of(given: dict, own: int = 0) -> str:
    if len(given.get("title") or "x") > LONGEST:
        return f"title: at most {LONGEST} characters"
    if any(each["sku"] == given.get("sku") and each["productId"] != own for each in PRODUCTS.values()):
        return "sku already exists"
    return ""


@mutation.field("addProduct")
def resolve_add(*_, product):
    if fault := fault_of(product):
        return {"message": fault}
    number = next(NUMBERS)
    blank = dict.fromkeys(("stock", "price", "notes"))
    made = {**blank, **product, "productId": number, "version": 1, "createdAt": now(), "modifiedAt": now()}
    PRODUCTS[number] = made
    return made


@mutation.field("updateProduct")
def resolve_update(*_, productId, changes):
    found = resolve_one(productId=productId)
    if changes.get("version", found["version"]) != found["version"]:
        raise refused("somebody was faster", "VERSION_MISMATCH")
    if fault := fault_of(changes, productId):
        raise refused(fault, "BAD_USER_INPUT")
    found.update(changes, version=found["version"] + 1, modifiedAt=now())
    return found


@mutation.field("removeProduct")
def resolve_remove(*_, productId):
    return PRODUCTS.pop(productId, None) is not None


async def forget(_):
    PRODUCTS.clear()
    return PlainTextResponse("forgotten")


SCHEMA = make_executable_schema(SDL, query, mutation, outcome, dated, long, money)
APP = Starlette(routes=[Route("/forget", forget, methods=["POST"])])
APP.mount("/graphql", GraphQL(SCHEMA))

if __name__ == "__main__":
    uvicorn.run(APP, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", lifespan="off")
