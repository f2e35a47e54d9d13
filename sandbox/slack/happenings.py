"""What happens in the workspace and makes events: Home opened, people changed, people come and go."""

from dataclasses import replace

from sandbox.slack import payloads
from sandbox.slack.lines import person
from sandbox.slack.outcomes import Impossible, outcome
from sandbox.slack.people import Member
from sandbox.slack.shapes import Json
from sandbox.slack.slack import Slack
from sandbox.slack.world import BOT_USER_ID, TEAM_ID, Usergroup


def tell(slack: Slack, event: Json) -> None:
    """Send an event the app subscribed to."""
    if event["type"] in slack.manifest.events:
        slack.switchboard.announce(payloads.event(slack, event))


def opens_home(slack: Slack, user: str, tab: str = "home") -> Json:
    """Open the app's Home or Messages tab (docs: events, app_home_opened); it is not there for others."""
    member = person(slack, user)
    if not slack.workspace.in_our_team(member):
        raise Impossible(f"{user} belongs to another workspace, where this app is not installed")
    channel = slack.workspace.dm(member.id)
    view = slack.workspace.views.home(member.id)
    event: Json = {"type": "app_home_opened", "user": member.id, "channel": channel.id, "tab": tab}
    if view is not None and tab == "home":
        event["view"] = view.as_api()
    tell(slack, event)
    return outcome("opened", view=view.as_api() if view else None)


def changes_person(slack: Slack, told: Json) -> Json:
    """Deactivate somebody, make them a guest, or add them (docs: events, user_change)."""
    changes = {name: value for name, value in told.items() if name != "id"}
    before = slack.workspace.members.get(told["id"])
    if before is None:
        blank = {"name": told["id"].lower(), "real_name": told["id"], "team_id": TEAM_ID}
        member = Member(**{"id": told["id"], **blank, **changes})
    else:
        member = before.changed({**changes, "updated": int(slack.clock.wall())})
    slack.workspace.members[member.id] = member
    slack.workspace.changes.add("people", user=member.id)
    user = member.as_user(with_email=True, home_team=TEAM_ID)
    tell(slack, {"type": "user_change", "user": user, "cache_ts": int(slack.clock.wall())})
    return {"member": user}


def changes_membership(slack: Slack, channel_id: str, user: str, *, inside: bool) -> Json:
    """Invite somebody to a channel or remove them; the app hears of channels it is in."""
    channel, member = slack.workspace.channel(channel_id), slack.workspace.member(user)
    heard = BOT_USER_ID in channel.members or member.id == BOT_USER_ID
    before = set(channel.members)
    (channel.members.add if inside else channel.members.discard)(member.id)
    if channel.members == before:
        return {"members": sorted(channel.members)}
    slack.workspace.changes.add("channel", channel=channel.id)
    if heard:
        kind = "member_joined_channel" if inside else "member_left_channel"
        facts = {"user": member.id, "channel": channel.id, "channel_type": "C", "team": TEAM_ID}
        tell(slack, {"type": kind, **facts})
    return {"members": sorted(channel.members)}


def changes_group(slack: Slack, group_id: str, users: list[str]) -> Json:
    """Put other people in a usergroup (docs: events, subteam_members_changed)."""
    group: Usergroup = slack.workspace.usergroups[group_id]
    added, removed = [u for u in users if u not in group.users], [u for u in group.users if u not in users]
    group.users = list(users)
    facts = {"subteam_id": group.id, "team_id": TEAM_ID, "added_users": added, "removed_users": removed}
    tell(slack, {"type": "subteam_members_changed", **facts})
    return group.as_json(with_users=True)


def changes_channel(slack: Slack, channel_id: str, told: Json) -> Json:
    """Share a channel with another organisation, archive it, make it private."""
    allowed = {"is_ext_shared", "is_pending_ext_shared", "is_archived", "is_private", "name"}
    channel = slack.workspace.channel(channel_id)
    shared_before = channel.is_ext_shared
    fresh = replace(channel, **{name: value for name, value in told.items() if name in allowed})
    slack.workspace.channels[channel_id] = fresh
    slack.workspace.changes.add("channel", channel=channel_id)
    if fresh.is_ext_shared and not shared_before and BOT_USER_ID in fresh.members:
        tell(slack, {"type": "channel_shared", "channel": channel_id, "connected_team_id": "T0NORTHWIND"})
    return {"channel": channel_id}
