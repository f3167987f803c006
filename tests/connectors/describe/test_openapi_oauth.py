"""The grants of OAuth 2.0 and signatures of AWS, as descriptions declare them."""

import pytest

from tallystick.project.manifest_auth import (
    AwsAuth,
    BearerAuth,
    ClientCredentialsAuth,
    DigestAuth,
    OAuth1Auth,
    PasswordGrantAuth,
    RefreshTokenAuth,
)

SERVER = "https://api.acme.example/v1"
CLIENT = {"client_id": "${env:ACME_SHOP_CLIENT_ID}", "client_secret": "${env:ACME_SHOP_CLIENT_SECRET}"}
CODE = {"authorizationUrl": "https://id.example/in", "tokenUrl": "https://id.example/token"}
TOKEN = {"tokenUrl": "https://id.example/token"}
DEVICE = {"deviceAuthorizationUrl": "https://id.example/device", "tokenUrl": "https://id.example/token"}


def described(api, schemes, *, security=None, server=SERVER):
    more = {"security": security} if security else {}
    return api.describe(api.collection(), components={"securitySchemes": schemes}, servers=[{"url": server}], **more)


def auth_of(api, flows, **more):
    return described(api, {"o": {"type": "oauth2", "flows": flows}}, **more).auth


def by_a_person(**more):
    return RefreshTokenAuth.model_validate(
        {
            "type": "oauth2_refresh_token",
            "token_url": "https://id.example/token",
            "keep_in": ".tally/acme_shop.token",
            **CLIENT,
            **more,
        }
    )


def test_a_page_and_a_device_are_where_a_person_signs_in(api):
    assert auth_of(api, {"authorizationCode": CODE}) == by_a_person(authorize_url="https://id.example/in")
    assert auth_of(api, {"deviceAuthorization": DEVICE}) == by_a_person(device_url="https://id.example/device")
    both = auth_of(api, {"deviceAuthorization": DEVICE, "authorizationCode": CODE})
    assert both == by_a_person(authorize_url="https://id.example/in", device_url="https://id.example/device")


def test_a_person_is_told_to_sign_in(api):
    manifest = described(api, {"o": {"type": "oauth2", "flows": {"authorizationCode": CODE}}})
    assert any("tally login" in note for note in manifest.notes)
    assert "oauth2:authorizationCode" in manifest.facts["auth"].because


@pytest.mark.parametrize(
    "flows",
    [
        {"authorizationCode": {"authorizationUrl": "https://id.example/in"}},
        {"authorizationCode": {"tokenUrl": "https://id.example/token"}},
        {"deviceAuthorization": {"tokenUrl": "https://id.example/token"}},
        {"implicit": {"authorizationUrl": "https://id.example/in"}},
        {"password": {}},
    ],
)
def test_what_is_half_described_stays_a_token_that_a_person_fetches(api, flows):
    assert isinstance(auth_of(api, flows), BearerAuth)


def test_a_password_is_asked_with_where_the_system_takes_one(api):
    assert auth_of(api, {"password": {"tokenUrl": "https://id.example/token"}}) == PasswordGrantAuth(
        type="oauth2_password",
        token_url="https://id.example/token",
        username="${env:ACME_SHOP_USER}",
        password="${env:ACME_SHOP_PASSWORD}",
    )


@pytest.mark.parametrize(
    ("flows", "chosen"),
    [
        ({"implicit": {}, "authorizationCode": CODE}, RefreshTokenAuth),
        ({"authorizationCode": CODE, "password": TOKEN}, PasswordGrantAuth),
        ({"password": TOKEN, "clientCredentials": TOKEN}, ClientCredentialsAuth),
    ],
)
def test_of_several_flows_the_one_that_needs_a_person_least_is_chosen(api, flows, chosen):
    assert isinstance(auth_of(api, flows), chosen)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("/oauth/token", "https://api.acme.example/oauth/token"),
        ("token", "https://api.acme.example/v1/token"),
        ("https://id.example/t", "https://id.example/t"),
    ],
)
@pytest.mark.parametrize("flow", ["password", "clientCredentials"])
def test_a_relative_address_lies_at_the_server(api, flow, written, meant):
    assert auth_of(api, {flow: {"tokenUrl": written}}).token_url == meant


def test_the_scopes_are_those_that_are_asked_for_and_the_one_that_lasts(api):
    scopes = {"read": "", "write": "", "admin": "", "offline_access": ""}
    flows = {"authorizationCode": CODE | {"scopes": scopes}}
    auth = auth_of(api, flows, security=[{"o": ["write", "read", "unknown"]}])
    assert auth.scopes == ("write", "read", "offline_access")
    assert auth_of(api, flows).scopes == ("offline_access",)


def test_the_words_of_openapi_2_mean_the_same(api):
    scheme = {"type": "oauth2", "flow": "accessCode", **CODE}
    assert described(api, {"o": scheme}).auth == by_a_person(authorize_url="https://id.example/in")


SIGNED = {"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4"}


@pytest.mark.parametrize(
    ("server", "region", "service"),
    [
        ("https://a1b2.execute-api.eu-west-1.amazonaws.com/prod", "eu-west-1", "execute-api"),
        ("https://dynamodb.us-gov-west-1.amazonaws.com", "us-gov-west-1", "dynamodb"),
        ("https://iam.amazonaws.com", "us-east-1", "iam"),
        ("https://sqs.{region}.amazonaws.com", "${env:ACME_SHOP_AWS_REGION}", "sqs"),
        ("https://api.acme.example", "${env:ACME_SHOP_AWS_REGION}", "execute-api"),
        ("https://notamazonaws.com", "${env:ACME_SHOP_AWS_REGION}", "execute-api"),
    ],
)
@pytest.mark.parametrize("scheme", [SIGNED, {"type": "http", "scheme": "AWS4-HMAC-SHA256"}])
def test_a_signature_of_aws_is_for_the_region_and_service_of_the_server(api, scheme, server, region, service):
    assert described(api, {"s": scheme}, server=server).auth == AwsAuth(
        type="aws_sigv4",
        access_key="${env:ACME_SHOP_AWS_ACCESS_KEY_ID}",
        secret_key="${env:ACME_SHOP_AWS_SECRET_ACCESS_KEY}",
        region=region,
        service=service,
    )


def test_another_authorizer_of_the_same_gateway_is_no_signature(api):
    scheme = SIGNED | {"x-amazon-apigateway-authtype": "cognito_user_pools"}
    assert not isinstance(described(api, {"s": scheme}).auth, AwsAuth)


def test_a_digest_and_oauth_1_are_known_by_their_registered_names(api):
    digest = described(api, {"s": {"type": "http", "scheme": "Digest"}}).auth
    assert digest == DigestAuth(type="digest", username="${env:ACME_SHOP_USER}", password="${env:ACME_SHOP_PASSWORD}")
    signed = described(api, {"s": {"type": "http", "scheme": "OAuth"}}).auth
    assert signed == OAuth1Auth(
        type="oauth1",
        consumer_key="${env:ACME_SHOP_CONSUMER_KEY}",
        consumer_secret="${env:ACME_SHOP_CONSUMER_SECRET}",
        token="${env:ACME_SHOP_TOKEN}",
        token_secret="${env:ACME_SHOP_TOKEN_SECRET}",
    )
