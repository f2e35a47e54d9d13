"""The Web API's front door: tokens, argument formats, rate limits, faults, and the log of every call.

docs: Web API. Answers are 200 with "ok": false, except 429 for rate limits (docs: rate limits).
"""

import json
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.slack.calls import Call, Method
from sandbox.slack.chat_methods import CHAT
from sandbox.slack.faults import Fault
from sandbox.slack.people_methods import PEOPLE
from sandbox.slack.shapes import Json, Refusal
from sandbox.slack.slack import Slack
from sandbox.slack.view_methods import VIEWS
from sandbox.slack.wire import CutConnection, Hangup
from sandbox.slack.world import Token

METHODS: dict[str, Method] = {**CHAT, **PEOPLE, **VIEWS}
FORM_ONLY = frozenset(PEOPLE) - {"conversations.open"} | {"chat.getPermalink"}
"""Methods whose pages list application/x-www-form-urlencoded only: JSON bodies are not read."""

APP_TOKEN_METHODS = frozenset({"apps.connections.open"})


async def web_api(request: Request) -> Response:
    """Serve POST or GET /api/{method}."""
    slack: Slack = request.app.state.slack
    method = str(request.path_params["method"])
    fault = slack.faults.meet(method)
    args: Json = {}
    answer: Json = {}
    token: Token | None = None
    try:
        args = await _arguments(request, method)
        if fault is not None:
            await _trouble(slack, fault)
        token = _token(slack, request, args, method)
        answer = _answer(slack, method, token, args)
    except Refusal as refusal:
        answer = refusal.body()
    except Hangup:
        answer = {"ok": False, "error": "(connection cut)"}
    slack.record_call(
        {"method": method, "args": args, "answer": answer, "fault": fault.kind if fault else None}
    )
    if fault is not None and fault.kind in ("reset", "timeout", "lose_reply"):
        return CutConnection()
    return _response(answer, token)


async def _trouble(slack: Slack, fault: Fault) -> None:
    """Meet a fault before the call is applied; `lose_reply` strikes after, and `delay` only delays."""
    if fault.kind in ("delay", "timeout"):
        await slack.faults.hold(fault)
    if fault.kind in ("reset", "timeout"):
        raise Hangup
    if fault.kind == "error":
        raise Refusal("service_unavailable", http_status=fault.status)
    if fault.kind == "ratelimited":
        raise Refusal("ratelimited", retry_after=fault.retry_after)


async def _arguments(request: Request, method: str) -> Json:
    """Arguments from the query, a form, or a JSON object (docs: Web API, argument formats)."""
    args: Json = dict(request.query_params)
    if request.method == "GET":
        return args
    body = await request.body()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return args if method in FORM_ONLY else args | _from_json(body)
    if kind == "application/x-www-form-urlencoded":
        return args | dict(parse_qsl(body.decode(), keep_blank_values=True))
    if body:
        raise Refusal("invalid_post_type" if kind else "missing_post_type")
    return args


def _from_json(body: bytes) -> Json:
    try:
        told = json.loads(body or b"{}")
    except ValueError:
        raise Refusal("invalid_json") from None
    if not isinstance(told, dict):
        raise Refusal("json_not_object")
    return told


def _token(slack: Slack, request: Request, args: Json, method: str) -> Token:
    """Who is calling (docs: authentication errors)."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    given = bearer or str(args.pop("token", ""))
    if not given:
        raise Refusal("not_authed")
    token = slack.tokens.get(given)
    if token is None:
        raise Refusal("invalid_auth")
    if slack.revoked:
        raise Refusal("token_revoked")
    if (token.kind == "app") != (method in APP_TOKEN_METHODS) and method != "auth.test":
        raise Refusal("not_allowed_token_type")
    return token


def _answer(slack: Slack, method: str, token: Token, args: Json) -> Json:
    handler = METHODS.get(method)
    if handler is None:
        raise Refusal("unknown_method", req_method=method)
    slack.rates.spend(token.user_id, method, str(args.get("channel", "")))
    return {"ok": True, **handler(Call(slack, method, token, args))}


def _response(answer: Json, token: Token | None) -> Response:
    status = int(answer.pop("http_status", 200))
    headers = {"x-oauth-scopes": ",".join(sorted(token.scopes))} if token else {}
    if answer.get("error") == "ratelimited":
        status = 429
        headers["Retry-After"] = str(answer.pop("retry_after"))
    return JSONResponse(answer, status, headers)
