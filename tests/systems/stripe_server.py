"""localstripe on loopback: Stripe's interface as others imitate it, and a view of its customers of our own."""

import contextlib
import http.client
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.systems.asking import basic
from tests.systems.serving import free_port, served

KEY = "sk_test_made_up_key"


@dataclass(frozen=True)
class Stripe:
    """A running server."""

    address: str

    def customers(self) -> list[dict[str, Any]]:
        """Show all customers."""
        answer = self._tell("GET", "/customers?limit=100")
        assert not answer["has_more"]
        return answer["data"]

    def people(self) -> dict[str, tuple[str, str | None]]:
        """Show name and town of all customers by mail, which none may share."""
        found = self.customers()
        shown = {each["email"]: (each["name"], (each["address"] or {}).get("city") or None) for each in found}
        assert len(shown) == len(found), "a mail is there twice"
        return shown

    def create(self, mail: str, name: str, city: str = "", **more: str) -> None:
        """Create a customer as a person would."""
        fields = {"email": mail, "name": name, **({"address[city]": city} if city else {}), **more}
        self._tell("POST", "/customers", fields)

    def change(self, mail: str, /, **fields: str) -> None:
        """Edit a customer as a person would."""
        self._tell("POST", f"/customers/{self._id(mail)}", fields)

    def remove(self, mail: str) -> None:
        """Delete a customer as a person would."""
        self._tell("DELETE", f"/customers/{self._id(mail)}")

    def forget(self) -> None:
        """Forget all customers."""
        for each in self.customers():
            self._tell("DELETE", f"/customers/{each['id']}")

    def _id(self, mail: str) -> str:
        [found] = [each["id"] for each in self.customers() if each["email"] == mail]
        return found

    def _tell(self, method: str, path: str, fields: dict[str, str] | None = None) -> Any:
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=20)
        try:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request(method, f"/v1{path}", urlencode(fields or {}) or None, basic(KEY, "") | kind)
            answer = connection.getresponse()
            text = answer.read()
            assert answer.status == 200, text
            return json.loads(text)
        finally:
            connection.close()


@contextlib.contextmanager
def serve_stripe(folder: Path) -> Iterator[Stripe]:
    """Serve an empty one while the block runs."""
    port = free_port()
    script = Path(__file__).with_name("stripe_serving.py")
    with served([sys.executable, "-W", "ignore", str(script), str(port)], port, folder / "log", cwd=folder):
        yield Stripe(f"http://127.0.0.1:{port}")
