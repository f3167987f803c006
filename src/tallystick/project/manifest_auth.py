"""How a manifest says who we are: the ways of signing in that a system may want. Secrets are references."""

from typing import Annotated, Any, Literal

from pydantic import Field

from tallystick.project.model_base import Model


class NoAuth(Model):
    """The system asks for no credentials."""

    type: Literal["none"] = "none"


class ApiKeyAuth(Model):
    """A fixed key in a header, in the query or in a cookie."""

    type: Literal["api_key"]
    name: str
    """Name of the header, query parameter or cookie."""
    value: str
    """The key, as a reference: ``${env:CRM_KEY}``."""
    location: Literal["header", "query", "cookie"] = "header"


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


class PasswordGrantAuth(Model):
    """OAuth 2.0 with a user's name and password; renewed by the refresh token where the system gives one."""

    type: Literal["oauth2_password"]
    token_url: str
    username: str
    password: str
    client_id: str = ""
    client_secret: str = ""
    """Empty for a public client."""
    scopes: tuple[str, ...] = ()
    send_in: Literal["header", "body"] = "body"
    extra: dict[str, str] = {}


class RefreshTokenAuth(Model):
    """OAuth 2.0 with a refresh token, or with what a person has granted by signing in (``tally login``)."""

    type: Literal["oauth2_refresh_token"]
    token_url: str
    client_id: str
    client_secret: str = ""
    """Empty for a public client."""
    refresh_token: str = ""
    """As a reference. Not needed where ``code`` is, or where ``keep_in`` has one already."""
    authorize_url: str = ""
    """The page where a person signs in: ``tally login`` opens it and keeps the refresh token in ``keep_in``."""
    authorize_with: dict[str, str] = {}
    """What this page has to be asked with besides, such as ``access_type: offline``."""
    device_url: str = ""
    """Where a code for another device is asked for (RFC 8628), for computers that have no browser."""
    code: str = ""
    """The code that the sign-in page gave, as a reference. It is good once, so ``keep_in`` must be set."""
    redirect_uri: str = ""
    """Where the sign-in page leads back to, as the system knows it. Any free port of this computer if empty."""
    code_verifier: str = ""
    """What the authorization was asked for with (PKCE)."""
    keep_in: str = ""
    """A file for the newest refresh token; systems that give a new one with each use want it. Only its owner may read
    it. A relative path lies in the project's folder."""
    scopes: tuple[str, ...] = ()
    send_in: Literal["header", "body"] = "body"
    extra: dict[str, str] = {}


class JwtBearerAuth(Model):
    """OAuth 2.0 for service accounts: a token that we sign ourselves is exchanged for one to work with (RFC 7523)."""

    type: Literal["oauth2_jwt_bearer"]
    token_url: str
    issuer: str
    subject: str = ""
    audience: str = ""
    """``token_url`` if empty."""
    key: str
    """The private key (PEM), or the shared secret for HS256, as a reference: ``${file:key.pem}``."""
    key_id: str = ""
    algorithm: Literal["RS256", "ES256", "HS256"] = "RS256"
    lifetime_seconds: int = Field(300, ge=1, le=3600)
    scopes: tuple[str, ...] = ()
    claims: dict[str, str] = {}
    """Further claims."""
    extra: dict[str, str] = {}
    """Further form fields."""


class DigestAuth(Model):
    """HTTP digest: the password is never sent (RFC 7616)."""

    type: Literal["digest"]
    username: str
    password: str


class HmacAuth(Model):
    """Each request is signed with a shared key."""

    type: Literal["hmac"]
    key: str
    key_id: str = ""
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    sign: str = "{method}\n{path}\n{timestamp}\n{body}"
    """What is signed: ``{method}``, ``{url}``, ``{host}``, ``{path}``, ``{query}``, ``{timestamp}``, ``{key_id}``,
    ``{body}``, ``{body_sha256}``, ``{body_md5}`` (in hex)."""
    encoding: Literal["hex", "base64"] = "hex"
    header: str = "Authorization"
    value: str = "HMAC {key_id}:{signature}"
    timestamp_header: str = ""
    """A header that carries the time that was signed."""
    timestamp: Literal["unix", "unix_ms", "iso"] = "unix"


class OAuth1Auth(Model):
    """OAuth 1.0a: each request is signed with the secrets of a client and of its token (RFC 5849)."""

    type: Literal["oauth1"]
    consumer_key: str
    consumer_secret: str
    token: str = ""
    """Empty, with its secret, where the client signs for itself alone."""
    token_secret: str = ""
    signature: Literal["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"] = "HMAC-SHA256"
    """How it is signed; ``PLAINTEXT`` sends the secrets themselves, so only over https."""
    realm: str = ""
    """What the system wants to be named beside the signature, such as an account."""


class AwsAuth(Model):
    """Each request is signed as Amazon Web Services and their likes want it (signature version 4)."""

    type: Literal["aws_sigv4"]
    access_key: str
    """The id of the key, such as ``AKIA...``."""
    secret_key: str
    session_token: str = ""
    """Where the key is a temporary one."""
    region: str
    """Such as ``eu-central-1``."""
    service: str
    """The name that signatures know it by: ``execute-api``, ``s3``, ``dynamodb``, ``es``."""


class SessionLogin(Model):
    """The request that opens a session, or makes a new one of the last."""

    path: str
    """Below ``base_url``, or a whole address."""
    method: Literal["POST", "GET", "PUT"] = "POST"
    body: dict[str, Any] = {}
    """Secrets are references."""
    encoding: Literal["json", "form"] = "json"
    token: str = ""
    """Path of a token in the answer, or ``header:NAME``, for ``header``."""
    header: str = ""
    """The header that carries the token. Cookies are kept and sent anyway."""
    value: str = "{token}"
    refresh: str = ""
    """Path of a token in the answer that ``renew`` asks with the next time, or ``header:NAME``."""


class CsrfFetch(Model):
    """A token against forged requests: fetched by a read, sent with each write, fetched again when it is refused."""

    path: str
    header: str = "X-CSRF-Token"
    """The header that it is asked for with (``Fetch``) and sent in."""
    found: str = ""
    """Where the answer has it: ``header:NAME``, ``cookie:NAME`` or a path; the header of the same name if empty."""


class SessionAuth(Model):
    """A session by cookies: opened by a request, or by user name and password with the first one."""

    type: Literal["session"]
    login: SessionLogin | None = None
    renew: SessionLogin | None = None
    """The request that goes on with a session that ended; ``{refresh}`` in it stands for the newest token to do so
    with, ``{token}`` for the session's last one. Where it is refused, or nothing is there yet, ``login`` serves."""
    refresh_token: str = ""
    """The first of these tokens, as a reference, where no login gives one."""
    keep_in: str = ""
    """A file for the newest of these tokens, where each is good once. A relative path lies in the project's folder."""
    username: str = ""
    password: str = ""
    """With these, each request carries HTTP basic as well."""
    csrf: CsrfFetch | None = None
    ended: tuple[int, ...] = (401,)
    """Statuses that say that the session has ended; it is opened again, once."""


Auth = Annotated[
    NoAuth
    | ApiKeyAuth
    | BasicAuth
    | BearerAuth
    | ClientCredentialsAuth
    | PasswordGrantAuth
    | RefreshTokenAuth
    | JwtBearerAuth
    | DigestAuth
    | HmacAuth
    | OAuth1Auth
    | AwsAuth
    | SessionAuth,
    Field(discriminator="type"),
]
