"""users.*, usergroups.*, conversations.*: who and what there is (docs: each method's page)."""

from sandbox.slack.calls import Call, Method
from sandbox.slack.channels import Channel, Message
from sandbox.slack.people import Member
from sandbox.slack.shapes import Json, Refusal
from sandbox.slack.world import TEAM_ID


def users_info(call: Call) -> Json:
    """docs: users.info; the email only with users:read.email."""
    call.grant("users:read")
    return {"user": _user(call, call.workspace.member(call.need("user")))}


def _user(call: Call, member: Member) -> Json:
    return member.as_user(with_email="users:read.email" in call.token.scopes, home_team=TEAM_ID)


def users_list(call: Call) -> Json:
    """docs: users.list; deactivated people included."""
    call.grant("users:read")
    members, cursor = call.paged(list(call.workspace.members.values()))
    return {"members": [_user(call, one) for one in members], **cursor}


def users_lookup_by_email(call: Call) -> Json:
    """docs: users.lookupByEmail; only the workspace's own active people are found."""
    call.grant("users:read.email")
    email = call.need("email").lower()
    own = (one for one in call.workspace.members.values() if one.team_id == TEAM_ID and not one.deleted)
    found = next((one for one in own if one.email.lower() == email), None)
    if found is None:
        raise Refusal("users_not_found")
    return {"user": _user(call, found)}


def usergroups_list(call: Call) -> Json:
    """docs: usergroups.list."""
    call.grant("usergroups:read")
    with_users = call.flag("include_users")
    groups = call.workspace.usergroups.values()
    return {"usergroups": [group.as_json(with_users=with_users) for group in groups]}


def usergroups_users_list(call: Call) -> Json:
    """docs: usergroups.users.list."""
    call.grant("usergroups:read")
    group = call.workspace.usergroups.get(call.need("usergroup"))
    if group is None:
        raise Refusal("no_such_subteam")
    return {"users": list(group.users)}


def _conversation(call: Call, channel: Channel) -> Json:
    """docs: object types, conversation."""
    body: Json = {
        "id": channel.id,
        "created": 1_700_000_000,
        "is_archived": channel.is_archived,
        "is_im": channel.is_im,
        "is_org_shared": False,
    }
    if channel.is_im:
        return body | {"user": channel.im_user, "is_user_deleted": False, "priority": 0}
    return body | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": True,
        "is_group": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_general": channel.name == "general",
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_pending_ext_shared": channel.is_pending_ext_shared,
        "is_member": call.token.user_id in channel.members,
        "context_team_id": TEAM_ID,
        "shared_team_ids": [TEAM_ID],
        "unlinked": 0,
    }


def conversations_info(call: Call) -> Json:
    """docs: conversations.info."""
    channel = call.visible_channel()
    body = _conversation(call, channel)
    if call.flag("include_num_members"):
        body["num_members"] = len(channel.members)
    return {"channel": body}


def conversations_list(call: Call) -> Json:
    """docs: conversations.list; public channels unless other `types` are asked for."""
    types = set((call.get("types") or "public_channel").split(","))
    for kind, scope in (
        ("public_channel", "channels:read"),
        ("private_channel", "groups:read"),
        ("im", "im:read"),
    ):
        if kind in types:
            call.grant(scope)
    listed = [
        one for one in call.workspace.channels.values() if _kind(one) in types and _is_visible(call, one)
    ]
    channels, cursor = call.paged(listed)
    return {"channels": [_conversation(call, one) for one in channels], **cursor}


def _kind(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def _is_visible(call: Call, channel: Channel) -> bool:
    return call.token.user_id in channel.members or not (channel.is_private or channel.is_im)


def conversations_members(call: Call) -> Json:
    """docs: conversations.members; external people are among them (reference B7)."""
    members, cursor = call.paged(sorted(call.visible_channel().members))
    return {"members": members, **cursor}


def conversations_open(call: Call) -> Json:
    """docs: conversations.open, for one person."""
    call.grant("im:write")
    users = [one for one in (call.get("users") or "").split(",") if one]
    if not users:
        raise Refusal("users_list_not_supplied")
    if len(users) > 1:
        raise Refusal("method_not_supported_for_channel_type")
    member = call.workspace.member(users[0])
    _refuse_to_open(call, member)
    already = f"D{member.id[1:]}" in call.workspace.channels
    channel = call.workspace.dm(member.id)
    body = _conversation(call, channel) if call.flag("return_im") else {"id": channel.id}
    return {"channel": body, **({"no_op": True, "already_open": True} if already else {})}


def _refuse_to_open(call: Call, member: Member) -> None:
    if member.deleted:
        raise Refusal("user_disabled")
    if member.is_bot:
        raise Refusal("cannot_dm_bot")
    if not call.workspace.in_our_team(member) and not call.workspace.shares_channel_with_app(member.id):
        raise Refusal("user_not_visible")


def conversations_replies(call: Call) -> Json:
    """docs: conversations.replies; needs a history scope, which the app itself does not have."""
    channel = call.workspace.channel(call.need("channel"))
    call.grant(_history_scope(channel))
    if call.token.user_id not in channel.members:
        raise Refusal("not_in_channel")
    ts = call.need("ts")
    thread = [one for one in (channel.find(ts), *channel.replies(ts)) if one is not None]
    if not thread:
        raise Refusal("thread_not_found")
    page, cursor = call.paged(thread)
    return {"messages": [_with_metadata(call, one) for one in page], "has_more": False, **cursor}


def _history_scope(channel: Channel) -> str:
    if channel.is_im:
        return "im:history"
    return "groups:history" if channel.is_private else "channels:history"


def _with_metadata(call: Call, message: Message) -> Json:
    body = message.as_api(TEAM_ID)
    if message.metadata and call.flag("include_all_metadata"):
        body["metadata"] = message.metadata
    return body


PEOPLE: dict[str, Method] = {
    "users.info": users_info,
    "users.list": users_list,
    "users.lookupByEmail": users_lookup_by_email,
    "usergroups.list": usergroups_list,
    "usergroups.users.list": usergroups_users_list,
    "conversations.info": conversations_info,
    "conversations.list": conversations_list,
    "conversations.members": conversations_members,
    "conversations.open": conversations_open,
    "conversations.replies": conversations_replies,
}
