"""The payloads an app receives, in Slack's shape (docs: interaction payloads, slash commands, events)."""

import secrets
from dataclasses import dataclass

from sandbox.slack.channels import Channel, Message
from sandbox.slack.inputs import State
from sandbox.slack.people import Member
from sandbox.slack.shapes import Json
from sandbox.slack.slack import Slack
from sandbox.slack.views import View
from sandbox.slack.world import APP_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID, VERIFICATION_TOKEN


@dataclass(frozen=True)
class Stage:
    """Where something is done: on a message in a channel, or in a view."""

    view: View | None = None
    channel: Channel | None = None
    message: Message | None = None

    @property
    def blocks(self) -> list[Json]:
        """What can be used there."""
        if self.view is not None:
            return self.view.blocks
        return list(self.message.blocks) if self.message is not None else []


def _person(member: Member) -> Json:
    return {"id": member.id, "username": member.name, "name": member.name, "team_id": member.team_id}


def _common(kind: str, member: Member) -> Json:
    """What all interaction payloads say; `team` is where the app is installed (reference B7)."""
    return {
        "type": kind,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "user": _person(member),
        "api_app_id": APP_ID,
        "token": VERIFICATION_TOKEN,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _channel(channel: Channel) -> Json:
    name = "privategroup" if channel.is_private else channel.name
    return {"id": channel.id, "name": name}


def action_ts(slack: Slack) -> str:
    """When something was pressed."""
    return f"{slack.clock.wall():.6f}"


def return_url(slack: Slack, member: Member, channel: Channel, source: Message | None = None) -> str:
    """A response_url for this person, channel and message."""
    name = slack.paths.new(member.id, channel.id, source.ts if source else None)
    return f"{slack.base_url}/actions/{TEAM_ID}/{name}"


def slash_command(slack: Slack, member: Member, channel: Channel, command: str, text: str) -> Json:
    """docs: slash commands, payload; the booleans are words there."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "team_domain": TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": _channel(channel)["name"],
        "user_id": member.id,
        "user_name": member.name,
        "command": command,
        "text": text,
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": return_url(slack, member, channel),
        "trigger_id": slack.triggers.new(member.id),
    }


def _container(stage: Stage) -> Json:
    if stage.view is not None:
        return {"type": "view", "view_id": stage.view.id}
    if stage.message is None or stage.channel is None:
        return {}
    container: Json = {
        "type": "message",
        "message_ts": stage.message.ts,
        "channel_id": stage.channel.id,
        "is_ephemeral": stage.message.seen_only_by is not None,
    }
    return container | ({"thread_ts": stage.message.thread_ts} if stage.message.thread_ts else {})


def block_actions(slack: Slack, member: Member, stage: Stage, action: Json, state: State) -> Json:
    """docs: block_actions payload; a message only one person sees is not repeated in it."""
    view_id = stage.view.id if stage.view is not None and stage.view.kind == "modal" else None
    payload = _common("block_actions", member) | {
        "container": _container(stage),
        "trigger_id": slack.triggers.new(member.id, view_id),
        "actions": [action],
    }
    if stage.view is not None:
        return payload | {"view": stage.view.as_api()}
    return payload | _about_message(slack, member, stage, state)


def _about_message(slack: Slack, member: Member, stage: Stage, state: State) -> Json:
    if stage.channel is None or stage.message is None:
        return {}
    about: Json = {
        "channel": _channel(stage.channel),
        "state": {"values": state},
        "response_url": return_url(slack, member, stage.channel, stage.message),
    }
    return about | ({} if stage.message.seen_only_by else {"message": stage.message.as_api(TEAM_ID)})


def block_suggestion(member: Member, stage: Stage, block_id: str, action_id: str, query: str) -> Json:
    """docs: select menus, external data source."""
    payload = _common("block_suggestion", member) | {
        "container": _container(stage),
        "action_id": action_id,
        "block_id": block_id,
        "value": query,
    }
    if stage.view is not None:
        return payload | {"view": stage.view.as_api()}
    if stage.channel is None or stage.message is None:
        return payload
    return payload | {"channel": _channel(stage.channel), "message": stage.message.as_api(TEAM_ID)}


def view_submission(slack: Slack, member: Member, view: View) -> Json:
    """docs: view_submission payload."""
    return _common("view_submission", member) | {
        "trigger_id": slack.triggers.new(member.id, view.id),
        "view": view.as_api(),
        "response_urls": [],
    }


def view_closed(member: Member, view: View, *, is_cleared: bool) -> Json:
    """docs: view_closed payload; `is_cleared` when the whole stack was closed."""
    return _common("view_closed", member) | {"view": view.as_api(), "is_cleared": is_cleared}


def shortcut(slack: Slack, member: Member, callback_id: str) -> Json:
    """docs: global shortcut payload; it has no response_url."""
    return _common("shortcut", member) | {
        "callback_id": callback_id,
        "trigger_id": slack.triggers.new(member.id),
        "action_ts": action_ts(slack),
    }


def message_action(
    slack: Slack, member: Member, callback_id: str, channel: Channel, message: Message
) -> Json:
    """docs: message shortcut payload."""
    return _common("message_action", member) | {
        "callback_id": callback_id,
        "trigger_id": slack.triggers.new(member.id),
        "action_ts": action_ts(slack),
        "channel": _channel(channel),
        "message": message.as_api(TEAM_ID),
        "message_ts": message.ts,
        "response_url": return_url(slack, member, channel, message),
    }


def event(slack: Slack, told: Json) -> Json:
    """docs: Events API, the wrapper around an event."""
    now = slack.clock.wall()
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": {**told, "event_ts": f"{now:.6f}"},
        "type": "event_callback",
        "event_id": f"Ev0{secrets.token_hex(5).upper()}",
        "event_time": int(now),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER_ID,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": secrets.token_urlsafe(12),
    }
