"""Entra ID's own pages: what msal reads of a tenant, and the tokens it asks for.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow; codes:
https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
"""

import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from sandbox.azure import names
from sandbox.azure.azure import Azure
from sandbox.azure.directory import Principal
from sandbox.azure.errors import AzureError
from sandbox.azure.tokens import AUDIENCES
from sandbox.azure.wire import Answer, Request, json_answer

_PAGES = re.compile(r"/([\w.-]+)/(v2\.0/\.well-known/openid-configuration|oauth2/v2\.0/token)")


def is_entra(request: Request) -> bool:
    """Whether a request is for Entra ID."""
    return _PAGES.fullmatch(request.path) is not None


def client(request: Request) -> str:
    """The application that asks, for the log."""
    asked = dict(parse_qsl(request.body.decode("utf-8", "replace"))).get("client_id", "").lower()
    return next((name for name, (known, _) in names.APPLICATIONS.items() if known == asked), asked)


def answer(azure: Azure, secrets: Mapping[str, str], request: Request) -> Answer:
    """The page's answer, or AzureError."""
    tenant = request.segments[0]
    if tenant != names.TENANT:
        raise AzureError(400, "invalid_request", f"AADSTS90002: Tenant '{tenant}' not found.")
    if request.method == "GET":
        return _discovery(request)
    asked = dict(parse_qsl(request.body.decode()))
    if asked.get("grant_type") != "client_credentials":
        message = f"AADSTS70003: The app requested an unsupported grant type '{asked.get('grant_type')}'."
        raise AzureError(400, "unsupported_grant_type", message)
    who = _authenticated(azure, secrets, asked)
    lifetime = azure.settings.token_lifetime
    token, _ = azure.tokens.issue(who, _audience(asked.get("scope", "")), lifetime)
    times = {"expires_in": lifetime, "ext_expires_in": lifetime}
    return json_answer({"token_type": "Bearer", "access_token": token, **times})


def _authenticated(azure: Azure, secrets: Mapping[str, str], asked: Mapping[str, str]) -> Principal:
    client_id = asked.get("client_id", "")
    who = azure.directory.application(client_id)
    if who is None:
        message = f"AADSTS700016: Application with identifier '{client_id}' was not found in the directory."
        raise AzureError(400, "unauthorized_client", message)
    if not hmac.compare_digest(secrets[who.name], asked.get("client_secret", "")):
        message = f"AADSTS7000215: Invalid client secret provided for app '{client_id}'."
        raise AzureError(401, "invalid_client", message)
    return who


def _audience(scope: str) -> str:
    resource, suffix, _ = scope.partition("/.default")
    if not suffix:
        message = (
            f"AADSTS1002012: The provided value for scope {scope} is not valid: it must end in /.default."
        )
        raise AzureError(400, "invalid_scope", message)
    if resource.rstrip("/") not in {one for known in AUDIENCES.values() for one in known}:
        message = f"AADSTS500011: The resource principal named {resource} was not found in the tenant."
        raise AzureError(400, "invalid_resource", message)
    return resource


def _discovery(request: Request) -> Answer:
    """https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc, as msal wants it."""
    base = f"https://{request.headers['host']}/{names.TENANT}"
    return json_answer(
        {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
    )
