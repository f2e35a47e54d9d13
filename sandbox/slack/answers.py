"""What an app says back at once: through a response_url, or in the acknowledgement of a command.

docs: handling user interaction, message responses; reference B1.
"""

import json
from dataclasses import replace
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.slack.channels import Channel, Message
from sandbox.slack.content import blocks_of
from sandbox.slack.shapes import Json, Refusal
from sandbox.slack.slack import Slack
from sandbox.slack.tickets import ReturnPath


async def response_url(request: Request) -> Response:
    """Serve POST /actions/{team}/{name}; bad uses get plain words, as from Slack's webhooks."""
    slack: Slack = request.app.state.slack
    name = str(request.path_params["name"])
    body: Json = {}
    try:
        body = await _body(request)
        path = slack.paths.use(name)
        apply(slack, path, body)
        answer, status = "ok", HTTPStatus.OK
    except Refusal as refusal:
        answer = refusal.error
        status = HTTPStatus.NOT_FOUND if answer.endswith("_url") else HTTPStatus.BAD_REQUEST
    slack.record_call(
        {"method": "response_url", "args": body, "answer": {"ok": status is HTTPStatus.OK, "error": answer}}
    )
    return PlainTextResponse(answer, status)


async def _body(request: Request) -> Json:
    try:
        told = json.loads(await request.body())
    except ValueError:
        raise Refusal("invalid_payload") from None
    if not isinstance(told, dict):
        raise Refusal("invalid_payload")
    return told


def apply(slack: Slack, path: ReturnPath, body: Json) -> None:
    """Do what the app says: delete, replace, tell the channel, or tell the person.

    Answers go to the channel even when the click was in a thread, unless `thread_ts` says otherwise.
    """
    channel = slack.workspace.channel(path.channel)
    if body.get("delete_original"):
        _delete(slack, channel, path)
        return
    fresh = _message(slack, channel, path, body)
    source = _source(channel, path)
    if body.get("replace_original") and source is not None:
        redrawn = replace(source, text=fresh.text, blocks=fresh.blocks, attachments=fresh.attachments)
        slack.workspace.rewrite(channel, redrawn)
        return
    slack.workspace.say(channel, fresh)
    if path.source is None:
        path.source = fresh.ts


def _source(channel: Channel, path: ReturnPath) -> Message | None:
    if path.source is None:
        return None
    return channel.messages.get(path.source) or channel.whispers.get(path.source)


def _delete(slack: Slack, channel: Channel, path: ReturnPath) -> None:
    if path.source is not None:
        slack.workspace.erase(channel, path.source)


def _message(slack: Slack, channel: Channel, path: ReturnPath, body: Json) -> Message:
    text, blocks = body.get("text"), blocks_of(body.get("blocks"))
    attachments = body.get("attachments") or []
    if not (text or blocks or attachments):
        raise Refusal("no_text")
    aloud = body.get("response_type") == "in_channel"
    return slack.workspace.app_message(
        channel,
        text=text if isinstance(text, str) else "",
        blocks=blocks or (),
        attachments=tuple(attachments),
        thread_ts=body.get("thread_ts"),
        seen_only_by=None if aloud else path.user,
    )
