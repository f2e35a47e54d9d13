"""The page API: everything a demo page, a test or a scripted story needs, for this machine only.

The endpoints and their shapes are listed in the docstring of `sandbox.slack`.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.slack import control, reading
from sandbox.slack.clicks import clicks, uses_shortcut
from sandbox.slack.forms import closes, fills, submits, suggests
from sandbox.slack.happenings import (
    changes_channel,
    changes_group,
    changes_membership,
    changes_person,
    opens_home,
)
from sandbox.slack.lines import channel_of, person, types
from sandbox.slack.outcomes import Impossible, outcome
from sandbox.slack.shapes import Json, Refusal
from sandbox.slack.slack import Slack

Deed = Callable[[Slack, Json], Awaitable[Json]]
Look = Callable[[Slack, Json], Json]
HERE = frozenset({"127.0.0.1", "::1", "localhost"})
HEARTBEAT = 15.0
LONGEST_WAIT = 60.0


async def _type(slack: Slack, told: Json) -> Json:
    return await types(slack, told["user"], told["channel"], str(told["text"]), told.get("thread_ts"))


async def _click(slack: Slack, told: Json) -> Json:
    return await clicks(slack, told["user"], told)


async def _fill(slack: Slack, told: Json) -> Json:
    return await fills(slack, told["user"], told)


async def _suggest(slack: Slack, told: Json) -> Json:
    return await suggests(slack, told["user"], told)


async def _submit(slack: Slack, told: Json) -> Json:
    return await submits(slack, told["user"], told.get("view_id"))


async def _close(slack: Slack, told: Json) -> Json:
    return await closes(slack, told["user"], told.get("view_id"), everything=bool(told.get("all")))


async def _shortcut(slack: Slack, told: Json) -> Json:
    return await uses_shortcut(slack, told["user"], told)


async def _home(slack: Slack, told: Json) -> Json:
    return opens_home(slack, told["user"], told.get("tab", "home"))


async def _read(slack: Slack, told: Json) -> Json:
    member = person(slack, told["user"])
    slack.workspace.mark_read(member.id, channel_of(slack, member, told["channel"]))
    return outcome("read")


async def _reload(slack: Slack, told: Json) -> Json:
    slack.workspace.forget_whispers(person(slack, told["user"]).id)
    return outcome("reloaded")


async def _people(slack: Slack, told: Json) -> Json:
    return changes_person(slack, told)


async def _members(slack: Slack, told: Json) -> Json:
    return changes_membership(slack, told["channel"], told["user"], inside=bool(told["in"]))


async def _groups(slack: Slack, told: Json) -> Json:
    return changes_group(slack, told["id"], list(told["users"]))


async def _channels(slack: Slack, told: Json) -> Json:
    return changes_channel(slack, told["id"], told)


DEEDS: dict[str, Deed] = {
    "type": _type,
    "click": _click,
    "fill": _fill,
    "suggest": _suggest,
    "submit": _submit,
    "close": _close,
    "shortcut": _shortcut,
    "home": _home,
    "read": _read,
    "reload": _reload,
    "people": _people,
    "members": _members,
    "usergroups": _groups,
    "channels": _channels,
    **control.DEEDS,
}

LOOKS: dict[str, Look] = {
    "world": lambda slack, _told: reading.world(slack),
    "state": lambda slack, told: reading.state(slack, told["user"]),
    "messages": lambda slack, told: reading.messages(
        slack, told["user"], told["channel"], told.get("thread")
    ),
    **control.LOOKS,
}


def _is_here(request: Request) -> bool:
    """Whether the caller and the name it called are this machine's own."""
    host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    return request.client is not None and request.client.host in HERE and host.strip("[]") in HERE


async def _serve(request: Request, do: Callable[[Slack], Awaitable[Json]]) -> Response:
    if not _is_here(request):
        return JSONResponse({"error": "only from this machine"}, 403)
    try:
        return JSONResponse(await do(request.app.state.slack))
    except Refusal as refusal:
        return JSONResponse({"error": refusal.error}, 400)
    except Impossible as impossible:
        return JSONResponse({"error": str(impossible)}, 409)
    except (KeyError, ValueError, TypeError) as wrong:
        return JSONResponse({"error": f"not understood: {wrong!r}"}, 400)


async def act(request: Request) -> Response:
    """Serve POST /page/{deed} with a JSON object."""
    deed = DEEDS.get(str(request.path_params["deed"]))
    if deed is None:
        return JSONResponse({"error": "no such deed"}, 404)

    async def do(slack: Slack) -> Json:
        return await deed(slack, json.loads(await request.body() or b"{}"))

    return await _serve(request, do)


async def look(request: Request) -> Response:
    """Serve GET /page/{view} with a query."""
    shown = LOOKS.get(str(request.path_params["view"]))
    if shown is None:
        return JSONResponse({"error": "no such view"}, 404)

    async def do(slack: Slack) -> Json:
        return shown(slack, dict(request.query_params))

    return await _serve(request, do)


async def wait(request: Request) -> Response:
    """Serve GET /page/wait: changes after `after`, waiting up to `timeout` seconds for one."""
    query = request.query_params

    async def do(slack: Slack) -> Json:
        after = int(query.get("after", slack.workspace.changes.seq))
        seconds = min(float(query.get("timeout", HEARTBEAT)), LONGEST_WAIT)
        found = await slack.workspace.changes.wait(after, query.get("user"), seconds)
        return {"seq": found[-1].seq if found else after, "changes": [one.as_json() for one in found]}

    return await _serve(request, do)


async def events(request: Request) -> Response:
    """Serve GET /page/events: the same changes as server-sent events, for as long as the page listens."""
    if not _is_here(request):
        return JSONResponse({"error": "only from this machine"}, 403)
    slack: Slack = request.app.state.slack
    told = request.headers.get("last-event-id") or request.query_params.get("after")
    after = int(told) if told else slack.workspace.changes.seq
    stream = _stream(slack, after, request.query_params.get("user"))
    return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _stream(slack: Slack, after: int, user: str | None) -> AsyncIterator[str]:
    yield ": listening\n\n"
    while True:
        found = await slack.workspace.changes.wait(after, user, HEARTBEAT)
        for change in found:
            after = change.seq
            yield f"id: {change.seq}\ndata: {json.dumps(change.as_json())}\n\n"
        if not found:
            yield ": still here\n\n"


ROUTES = [
    Route("/page/events", events, methods=["GET"]),
    Route("/page/wait", wait, methods=["GET"]),
    Route("/page/{deed}", act, methods=["POST"]),
    Route("/page/{view}", look, methods=["GET"]),
]
