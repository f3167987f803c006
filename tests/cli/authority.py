"""An authorization server that believes nothing: pages, codes with PKCE, devices, refresh tokens that rotate."""

import base64
import hashlib
import secrets
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.cli.rest_crm import Crm
from tests.connectors.http.conftest import Reply, Seen, Server, make_reply

CLIENT, SECRET, SCOPE = "tally-client", "cl1ent-s3cret", "crm.read offline_access"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def form_of(text: str) -> dict[str, str]:
    """Read a form in which nothing occurs twice."""
    found = parse_qs(text, keep_blank_values=True)
    assert all(len(values) == 1 for values in found.values()), found
    return {name: values[0] for name, values in found.items()}


class Authority:
    """Signs everybody in who comes to its page; guards a system that takes its newest access token only."""

    def __init__(self, server: Server, crm: Crm | None = None) -> None:
        self.server = server
        self.asked: dict[str, dict[str, str]] = {}
        self.access: set[str] = set()
        self.refresh: set[str] = set()
        self.gives_refresh, self.lasts, self.refuses = True, False, ""
        self.device_answers: list[str] = []
        self.device_code = ""
        self.grants: list[str] = []
        server.script |= {"/authorize": self.page, "/token": self.token, "/device": self.device}
        for path in [path for path in server.script if path.startswith("/companies")] if crm else []:
            server.script[path] = self.guarded
        self.crm = crm

    def guarded(self, seen: Seen) -> Reply:
        """Let requests with a good token through."""
        assert self.crm is not None
        token = seen.headers.get("authorization", "").removeprefix("Bearer ")
        return self.crm.answer(seen) if token in self.access else make_reply({}, 401)

    def page(self, seen: Seen) -> Reply:
        """Lead the browser back with a code, or with a refusal."""
        asked = form_of(urlsplit(seen.path).query)
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["scope"] == SCOPE
        assert asked["access_type"] == "offline"
        assert asked["code_challenge_method"] == "S256"
        assert len(asked["state"]) >= 32
        code = secrets.token_urlsafe()
        self.asked[code] = asked
        back = {"error": self.refuses, "error_description": "<b>no</b>"} if self.refuses else {"code": code}
        location = f"{asked['redirect_uri']}?{urlencode(back | {'state': asked['state']})}"
        return make_reply(b"", 302, {"Location": location})

    def device(self, seen: Seen) -> Reply:
        """Give a code for another device."""
        form = form_of(seen.body.decode())
        assert (form["client_id"], form["scope"]) == (CLIENT, SCOPE)
        self.device_code = secrets.token_urlsafe()
        return make_reply(
            {
                "device_code": self.device_code,
                "user_code": "WDJB-MJHT",
                "verification_uri": f"{self.server.url}/activate",
                "expires_in": 600,
                "interval": 1,
            }
        )

    def token(self, seen: Seen) -> Reply:
        """Exchange what is good once for tokens."""
        form = form_of(seen.body.decode())
        self.grants.append(form["grant_type"])
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT, SECRET):
            return make_reply({"error": "invalid_client"}, 401)
        fault = self._fault(form)
        if fault:
            return make_reply({"error": fault, "error_description": f"of {form}"}, 400)
        access, refresh = f"access-{secrets.token_urlsafe()}", f"refresh-{secrets.token_urlsafe()}"
        self.access = {access}
        said: dict[str, object] = {"access_token": access, "token_type": "Bearer"}
        if not self.lasts:
            said["expires_in"] = 3600
        if self.gives_refresh:
            self.refresh = {refresh}
            said["refresh_token"] = refresh
        return make_reply(said)

    def _fault(self, form: dict[str, str]) -> str:
        match form["grant_type"]:
            case "authorization_code":
                asked = self.asked.pop(form["code"], {})
                digest = hashlib.sha256(form["code_verifier"].encode()).digest()
                proven = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked.get("code_challenge")
                is_good = proven and form["redirect_uri"] == asked["redirect_uri"]
            case "refresh_token":
                is_good = form["refresh_token"] in self.refresh
            case _:
                assert form["grant_type"] == DEVICE_GRANT
                is_good = form["device_code"] == self.device_code
                if self.device_answers:
                    return self.device_answers.pop(0)
        return "" if is_good else "invalid_grant"
