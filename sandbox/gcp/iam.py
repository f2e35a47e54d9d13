"""Service accounts (IAM v1) and tokens of theirs for somebody else (IAM Credentials v1).

https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts and
https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken.
"""

import re
from datetime import timedelta
from typing import Any, Final

from sandbox.gcp import policy_calls
from sandbox.gcp.context import Context
from sandbox.gcp.directory import Resource, ServiceAccount
from sandbox.gcp.errors import GoogleError, error_info, invalid
from sandbox.gcp.policy_calls import Answer
from sandbox.gcp.tokens import HOUR, SCOPES, Caller

_TWELVE_HOURS: Final = 12 * HOUR
_SECONDS: Final = re.compile(r"(\d+)(?:\.\d+)?s")
_MAKE_TOKENS: Final = "iam.serviceAccounts.getAccessToken"


def get(context: Context) -> Answer:
    """A service account."""
    resource, account = _named(context)
    context.require("get", resource)
    return account.json()


def disable(context: Context) -> Answer:
    """From now on none of its tokens is good, the ones handed out before included."""
    return _switched(context, "disable", disabled=True)


def enable(context: Context) -> Answer:
    """Its tokens are good again, those from before too."""
    return _switched(context, "enable", disabled=False)


def get_iam_policy(context: Context) -> Answer:
    """Who may use it."""
    return policy_calls.get(context, _named(context)[0])


def set_iam_policy(context: Context) -> Answer:
    """Replaces who may use it."""
    return policy_calls.set_(context, _named(context)[0])


def test_iam_permissions(context: Context) -> Answer:
    """What the caller may do with it."""
    return policy_calls.test(context, _named(context)[0])


def generate_access_token(context: Context) -> Answer:
    """A token of a service account: an hour at most, twelve where the organisation says so; never revoked."""
    project, email = context.path
    if project != "-":
        raise invalid(why=f"the project is '-', not {project}")
    scopes, lifetime = _scopes(context.body), _lifetime(context, email)
    chain = (context.caller.email, *map(_email, context.body.get("delegates", ())))
    for maker, made in zip(chain, (*chain[1:], email), strict=True):
        _check_may_make(context, maker, made)
    ends = context.now + lifetime
    token = context.cloud.tokens.issue(Caller(email, scopes, ends, delegation=chain))
    return {"accessToken": token, "expireTime": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _named(context: Context) -> tuple[Resource, ServiceAccount]:
    project, email = context.path
    account = context.cloud.directory.service_accounts.get(email)
    if account is None or project not in {"-", account.project}:
        raise GoogleError("NOT_FOUND", f"Unknown service account: {email}")
    return context.find(account.name, "iam.serviceAccounts.get"), account


def _switched(context: Context, verb: str, *, disabled: bool) -> Answer:
    resource, account = _named(context)
    context.require(verb, resource)
    account.disabled = disabled
    return {}


def _check_may_make(context: Context, maker: str, made: str) -> None:
    """Each of a chain needs the permission on the next: https://cloud.google.com/iam/docs/create-short-lived-credentials-delegated."""
    cloud = context.cloud
    account = cloud.directory.service_accounts.get(made)
    resource = cloud.directory.resource(account.name) if account else None
    if resource is not None and account is not None and not account.disabled:
        context.touched, context.target = resource, resource.name
        request = cloud.request(resource, context.now)
        if cloud.access.allowed(maker, _MAKE_TOKENS, resource, context.now, request):
            return
    raise GoogleError(
        # https://github.com/google-github-actions/auth/issues/340 for the words
        "PERMISSION_DENIED",
        f"Permission '{_MAKE_TOKENS}' denied on resource (or it may not exist).",
        [error_info("IAM_PERMISSION_DENIED", "iam.googleapis.com", permission=_MAKE_TOKENS)],
        why=f"{maker} on {made}",
    )


def _scopes(body: Any) -> frozenset[str]:  # noqa: ANN401 - any JSON
    scopes = frozenset(body.get("scope", ()))
    if not scopes or not scopes <= SCOPES:
        raise invalid(why=f"scopes {sorted(scopes)}")
    return scopes


def _lifetime(context: Context, email: str) -> timedelta:
    """https://cloud.google.com/iam/docs/create-short-lived-credentials-direct#sa-credentials-oauth."""
    asked = _SECONDS.fullmatch(str(context.body.get("lifetime", "3600s")))
    seconds = int(asked[1]) if asked else 0
    longest = _TWELVE_HOURS if email in context.cloud.settings.long_lifetimes else HOUR
    if not 0 < seconds <= longest.total_seconds():
        raise invalid(why=f"a lifetime of {context.body.get('lifetime')}")
    return timedelta(seconds=seconds)


def _email(delegate: str) -> str:
    prefix = "projects/-/serviceAccounts/"
    if not delegate.startswith(prefix):
        raise invalid(why=f"a delegate {delegate}")
    return delegate.removeprefix(prefix)
