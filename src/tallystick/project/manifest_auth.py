"""How a manifest says who we are: the ways of signing in that a system may want. Secrets are references."""

from typing import Annotated, Literal

from pydantic import Field

from tallystick.project.model_base import Model


class NoAuth(Model):
    """The system asks for no credentials."""

    type: Literal["none"] = "none"


class ApiKeyAuth(Model):
    """A fixed key in a header or in the query."""

    type: Literal["api_key"]
    name: str
    """Name of the header or query parameter."""
    value: str
    """The key, as a reference: ``${env:CRM_KEY}``."""
    location: Literal["header", "query"] = "header"


class BasicAuth(Model):
    """User name and password in each request."""

    type: Literal["basic"]
    username: str
    password: str


class BearerAuth(Model):
    """A fixed token in the Authorization header; ``scheme`` where a system wants another word than Bearer."""

    type: Literal["bearer"]
    token: str
    scheme: str = "Bearer"


class ClientCredentialsAuth(Model):
    """OAuth 2.0 client credentials; the token is fetched and refreshed by one request at a time."""

    type: Literal["oauth2_client_credentials"]
    token_url: str
    client_id: str
    client_secret: str
    scopes: tuple[str, ...] = ()
    send_in: Literal["header", "body"] = "header"
    """Where the client's name and secret go: HTTP basic, or the form."""
    extra: dict[str, str] = {}
    """Further form fields, such as ``audience``."""


Auth = Annotated[NoAuth | ApiKeyAuth | BasicAuth | BearerAuth | ClientCredentialsAuth, Field(discriminator="type")]
