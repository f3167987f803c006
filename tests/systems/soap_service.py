"""A web service written with somebody else's stack (spyne): customers with paging, changes since, faults, facets.

A program: port and version of SOAP are its arguments. It runs in a process of its own, as other people's systems do.
"""

# ruff: noqa: N802, N803, N805, N815, C901 - the names and the nesting are what the toolkit wants

import datetime as dt
import socketserver
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from spyne import (
    Application,
    Boolean,
    ComplexModel,
    DateTime,
    Decimal,
    Enum,
    Fault,
    Integer,
    Mandatory,
    ServiceBase,
    Unicode,
    UnsignedInteger32,
    rpc,
)
from spyne.protocol.soap import Soap11, Soap12
from spyne.server.wsgi import WsgiApplication

NAMESPACE = "urn:example:customers"
Kind = Enum("person", "company", type_name="CustomerKind")


class Address(ComplexModel):
    __namespace__ = NAMESPACE
    street = Unicode(max_len=60)
    city = Unicode(max_len=40)
    country = Unicode(pattern="[A-Z]{2}")


class Customer(ComplexModel):
    __namespace__ = NAMESPACE
    id = Integer
    name = Unicode(min_occurs=1, nillable=False, max_len=40)
    email = Unicode
    city = Unicode(max_len=30)
    kind = Kind
    credit = Decimal
    points = Integer
    isActive = Boolean
    address = Address
    tags = Unicode(max_occurs="unbounded")
    lastModified = DateTime


class CustomerPage(ComplexModel):
    __namespace__ = NAMESPACE
    customers = Customer.customize(max_occurs="unbounded")
    total = Integer


class CustomerNotFound(Fault):
    def __init__(self, number):
        super().__init__("Client.CustomerNotFound", f"There is no customer {number}")


class DuplicateEmail(Fault):
    def __init__(self, email):
        super().__init__("Server", f"a customer with the e-mail {email} already exists")


class Shelf:
    """What the service knows."""

    def __init__(self):
        self.customers = {}
        self.last = 0
        self.moment = dt.datetime(2026, 3, 1, 8, 0, 0, tzinfo=dt.UTC)
        self.lock = threading.RLock()

    def touch(self):
        self.moment += dt.timedelta(seconds=7)
        return self.moment


def service_of(shelf):
    class Customers(ServiceBase):
        @rpc(DateTime, Unicode, UnsignedInteger32, UnsignedInteger32, _returns=CustomerPage)
        def ListCustomers(ctx, modifiedSince, email, offset, limit):
            with shelf.lock:
                found = [c for _, c in sorted(shelf.customers.items())]
                if modifiedSince is not None:
                    since = modifiedSince if modifiedSince.tzinfo else modifiedSince.replace(tzinfo=dt.UTC)
                    found = [c for c in found if c.lastModified >= since]
                if email is not None:
                    found = [c for c in found if c.email == email]
                offset = offset or 0
                return CustomerPage(customers=found[offset:][: limit or 50], total=len(found))

        @rpc(Mandatory(Integer), _returns=Customer)
        def GetCustomer(ctx, customerId):
            with shelf.lock:
                if customerId not in shelf.customers:
                    raise CustomerNotFound(customerId)
                return shelf.customers[customerId]

        @rpc(Mandatory(Customer), _returns=Integer)
        def CreateCustomer(ctx, customer):
            with shelf.lock:
                if customer.email is not None and any(c.email == customer.email for c in shelf.customers.values()):
                    raise DuplicateEmail(customer.email)
                shelf.last += 1
                customer.id = shelf.last
                customer.lastModified = shelf.touch()
                shelf.customers[customer.id] = customer
                return customer.id

        @rpc(Mandatory(Integer), Mandatory(Customer), _returns=Customer)
        def UpdateCustomer(ctx, customerId, customer):
            with shelf.lock:
                if customerId not in shelf.customers:
                    raise CustomerNotFound(customerId)
                customer.id = customerId
                customer.lastModified = shelf.touch()
                shelf.customers[customerId] = customer
                return customer

        @rpc(Mandatory(Integer), _returns=Boolean)
        def DeleteCustomer(ctx, customerId):
            with shelf.lock:
                if shelf.customers.pop(customerId, None) is None:
                    raise CustomerNotFound(customerId)
                return True

        @rpc(Mandatory(Integer), _returns=Unicode)
        def GetCustomerReport(ctx, customerId):
            return "report"

    return Customers


class _Threaded(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        """Say nothing."""


def main(port, version):
    shelf = Shelf()
    protocol = Soap11 if version == "1.1" else Soap12
    service = WsgiApplication(
        Application(
            [service_of(shelf)],
            NAMESPACE,
            name="CustomerService",
            in_protocol=protocol(validator="lxml"),
            out_protocol=protocol(),
        )
    )

    def serve(environ, start_response):
        if environ["PATH_INFO"] == "/forget":
            shelf.__init__()
            start_response("200 OK", [("Content-Length", "0")])
            return [b""]
        return service(environ, start_response)

    make_server("127.0.0.1", port, serve, _Threaded, _Quiet).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
