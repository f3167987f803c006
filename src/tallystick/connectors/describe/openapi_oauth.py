"""OAuth 2.0 and AWS signatures as a description declares them: which grant, where it is asked, with which scopes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from tallystick.connectors.describe.openapi_refs import Node, as_node, as_text
from tallystick.connectors.describe.openapi_words import squeeze
from tallystick.project.manifest_auth import (
    Auth,
    AwsAuth,
    ClientCredentialsAuth,
    PasswordGrantAuth,
    RefreshTokenAuth,
)

_FLOWS_2: Final = {"accessCode": "authorizationCode", "application": "clientCredentials"}
_BY_A_PERSON: Final = ("authorizationCode", "deviceAuthorization")
_MOST_SCOPES: Final = 20
_OFFLINE: Final = "offline_access"
_AWS_HOST: Final = re.compile(
    r"(?:^|\.)([a-z0-9-]+)(?:\.([a-z]{2}(?:-[a-z]+)+-\d|\{[^}]*\}))?\.amazonaws\.com(?:\.cn)?$"
)
AWS_SCHEME: Final = "AWS4-HMAC-SHA256"
_GATEWAY: Final = "execute-api"


@dataclass(frozen=True, slots=True)
class Surface:
    """What is known around a scheme: how secrets are called, the system's address, the scopes that calls ask for."""

    system: str
    base_url: str = ""
    scopes: tuple[str, ...] = ()

    def secret(self, what: str) -> str:
        """Give the reference to a secret."""
        return f"${{env:{self.system}_{what}}}"

    def address(self, url: str) -> str:
        """Make an address whole; a relative one lies at the system's own."""
        return urljoin(f"{self.base_url.rstrip('/')}/", url) if url and self.base_url else url


def flows_of(node: Node) -> dict[str, Node]:
    """Give the flows of a scheme by the names of OpenAPI 3."""
    flow_2 = as_text(node.get("flow"))
    if flow_2:
        return {_FLOWS_2.get(flow_2, flow_2): node}
    return {name: as_node(spec) for name, spec in as_node(node.get("flows")).items()}


def grants_of(flows: dict[str, Node], around: Surface) -> dict[str, Auth]:
    """Give what signs in by each flow that says enough; the two that want a person share one."""
    found: dict[str, Auth] = {}
    for flow, spec in flows.items():
        url = around.address(as_text(spec.get("tokenUrl")))
        if flow == "clientCredentials" and url:
            found[flow] = ClientCredentialsAuth(
                type="oauth2_client_credentials",
                token_url=url,
                client_id=around.secret("CLIENT_ID"),
                client_secret=around.secret("CLIENT_SECRET"),
            )
        elif flow == "password" and url:
            found[flow] = PasswordGrantAuth(
                type="oauth2_password",
                token_url=url,
                username=around.secret("USER"),
                password=around.secret("PASSWORD"),
                scopes=_scopes(around.scopes, spec),
            )
    person = _by_a_person(flows, around)
    if person is not None:
        found.update({flow: person for flow in flows if flow in _BY_A_PERSON})
    return found


def _by_a_person(flows: dict[str, Node], around: Surface) -> RefreshTokenAuth | None:
    code, device = (flows.get(flow, {}) for flow in _BY_A_PERSON)
    page = around.address(as_text(code.get("authorizationUrl")))
    device_url = around.address(as_text(device.get("deviceAuthorizationUrl")))
    token = around.address(as_text(code.get("tokenUrl")) or as_text(device.get("tokenUrl")))
    if not token or not (page or device_url):
        return None
    return RefreshTokenAuth(
        type="oauth2_refresh_token",
        token_url=token,
        authorize_url=page,
        device_url=device_url,
        client_id=around.secret("CLIENT_ID"),
        client_secret=around.secret("CLIENT_SECRET"),
        keep_in=f".tally/{around.system.lower()}.token",
        scopes=_scopes(around.scopes, code or device),
    )


def _scopes(asked: Iterable[str], spec: Node) -> tuple[str, ...]:
    """Give the scopes that calls ask for, if they are few enough to be meant together, and the one that lasts."""
    declared = as_node(spec.get("scopes"))
    wanted = [scope for scope in dict.fromkeys(asked) if scope in declared and scope != _OFFLINE]
    kept = wanted if len(wanted) <= _MOST_SCOPES else []
    return (*kept, *([_OFFLINE] if _OFFLINE in declared else []))


def is_aws(node: Node) -> bool:
    """Tell whether a scheme is a signature of AWS: in the words of its gateway, or of the scheme of HTTP itself."""
    words = (node.get("x-amazon-apigateway-authtype"), node.get("scheme"))
    return any(squeeze(as_text(word)) in {"awssigv4", squeeze(AWS_SCHEME)} for word in words)


def aws_of(node: Node, around: Surface) -> AwsAuth:
    """Give what signs for the region and service that are told, or that the address names; else for a gateway."""
    host = urlsplit(around.base_url).hostname or ""
    named = _AWS_HOST.search(host)
    # Services of the whole world, which name no region, are signed for the first one.
    region = (named[2] or "us-east-1") if named else ""
    if not region or region.startswith("{"):
        region = around.secret("AWS_REGION")
    return AwsAuth(
        type="aws_sigv4",
        access_key=around.secret("AWS_ACCESS_KEY_ID"),
        secret_key=around.secret("AWS_SECRET_ACCESS_KEY"),
        region=as_text(node.get("x-region")) or region,
        service=as_text(node.get("x-service")) or (named[1] if named else _GATEWAY),
    )
