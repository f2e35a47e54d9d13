"""AssumeRole: whole ARNs, honest durations, source identities.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

from sandbox.aws.corrections.inside import Answer, find, inside, param, refusal
from sandbox.aws.corrections.parameters import violation

_CHAINED_SECONDS = 3_600
_OK = 200

Headers = Mapping[str, str]
Serve = Callable[..., Awaitable[Answer]]


@dataclass
class _Asked:
    """The source identity this request sets or carries on, and what its trust policy denied it."""

    identity: str = ""
    denied: bool = False


_asked: ContextVar[_Asked] = ContextVar("asked")


def correct() -> None:
    """From now on STS refuses what it should and remembers source identities."""
    sts, evaluator = inside("services.sts"), inside("core.iam_evaluator")
    sts["handle_request"] = _strictly(sts["handle_request"])
    evaluator["evaluate_trust_policy"] = _trusting_identities(evaluator["evaluate_trust_policy"])


def _strictly(serve: Serve) -> Serve:
    async def handle_request(
        method: str, path: str, headers: Headers, body: bytes, query: Mapping[str, Any]
    ) -> Answer:
        params = {**query, **parse_qs(body.decode("utf-8", "replace"))}
        if param(params, "Action") != "AssumeRole":
            return await serve(method, path, headers, body, query)
        key = inside("core.router")["extract_access_key_id"](headers, query)
        session = inside("services.sts")["_sessions"].get(key) or {}
        asked = _Asked(param(params, "SourceIdentity") or session.get("SourceIdentity", ""))
        refused = _refused(params, session) or _identity_refused(params, key, session, asked)
        if refused:
            return refused
        _asked.set(asked)
        return _finished(await serve(method, path, headers, body, query), asked)

    return handle_request


def _refused(params: dict[str, Any], session: Mapping[str, Any]) -> Answer | None:
    """Limits of the call itself, of the role, and of a role assumed from a role."""
    wrong = violation("sts", params)
    if wrong:
        return wrong
    arn, seconds = param(params, "RoleArn"), int(param(params, "DurationSeconds") or _CHAINED_SECONDS)
    role = find("_roles", arn.split(":")[4], arn.rsplit("/", 1)[-1]) if arn.count(":") > 4 else None  # noqa: PLR2004
    if role and role["Arn"] != arn:  # ministack compares the name alone; the path is part of the ARN
        return refusal(
            403, "AccessDenied", f"User is not authorized to perform: sts:AssumeRole on {arn}", "sts"
        )
    if role and seconds > role["MaxSessionDuration"]:
        return _too_long("the MaxSessionDuration set for this role.")
    if session.get("PrincipalType") == "AssumedRole" and seconds > _CHAINED_SECONDS:
        return _too_long("the 1 hour session limit for roles assumed by role chaining.")
    return None


def _too_long(limit: str) -> Answer:
    return refusal(400, "ValidationError", f"The requested DurationSeconds exceeds {limit}", "sts")


def _identity_refused(
    params: Mapping[str, Any], key: str, session: Mapping[str, Any], asked: _Asked
) -> Answer | None:
    """The caller's own policies must allow setting an identity and tags, and an identity never changes."""
    if session.get("SourceIdentity", asked.identity) != asked.identity:
        return refusal(403, "AccessDenied", "The source identity cannot be changed by role chaining.", "sts")
    verbs = ["sts:SetSourceIdentity"] if asked.identity else []
    verbs += ["sts:TagSession"] if "Tags.member.1.Key" in params else []
    denials = (_denial(key, verb, param(params, "RoleArn")) for verb in verbs)
    return next((denial for denial in denials if denial), None)


def _denial(key: str, verb: str, arn: str) -> Answer | None:
    region = inside("core.responses")["get_region"]()
    denied = inside("core.iam_evaluator")["enforce"](key, verb, "sts", region, resource_arn=arn)
    if not denied:
        return None
    user = getattr(denied, "principal_arn", "")
    return refusal(
        403, "AccessDenied", f"User: {user} is not authorized to perform: {verb} on resource: {arn}", "sts"
    )


def _trusting_identities(trusts: Callable[..., bool]) -> Callable[..., bool]:
    """A role whose trust does not allow `sts:SetSourceIdentity` cannot be assumed with an identity."""

    def evaluate(document: Any, caller: str, context: Any = None) -> bool:  # noqa: ANN401
        asked = _asked.get(_Asked())
        if context is None or not asked.identity:
            return trusts(document, caller, context)
        keyed = replace(
            context, service_context=context.service_context | {"sts:sourceidentity": asked.identity}
        )
        allowed = trusts(document, caller, keyed)
        if allowed and context.action == "sts:AssumeRole":
            allowed = trusts(document, caller, replace(keyed, action="sts:SetSourceIdentity"))
            asked.denied = not allowed
        return allowed

    return evaluate


def _finished(answer: Answer, asked: _Asked) -> Answer:
    """The answer names the identity, or what was really denied; the session remembers the identity."""
    status, headers, body = answer
    if asked.denied:
        return status, headers, body.replace(b"sts:AssumeRole", b"sts:SetSourceIdentity")
    key = re.search(rb"<AccessKeyId>(\w+)</AccessKeyId>", body)
    if status != _OK or not asked.identity or key is None:
        return answer
    inside("services.sts")["_sessions"][key[1].decode()]["SourceIdentity"] = asked.identity
    named = f"<SourceIdentity>{asked.identity}</SourceIdentity></AssumeRoleResult>".encode()
    return status, headers, body.replace(b"</AssumeRoleResult>", named)
