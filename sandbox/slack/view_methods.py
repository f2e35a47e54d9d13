"""views.* and the two methods an app begins with (docs: each method's page)."""

from urllib.parse import urlencode

from sandbox.slack.calls import Call, Method
from sandbox.slack.shapes import Json, Refusal
from sandbox.slack.view_rules import checked_view
from sandbox.slack.world import APP_ID, TEAM_DOMAIN, TEAM_ID, TEAM_NAME


def views_open(call: Call) -> Json:
    """docs: views.open; a view Slack refuses does not use the trigger up."""
    body = checked_view(call.args.get("view"), "modal")
    trigger = call.slack.triggers.look(call.get("trigger_id"))
    view = call.workspace.views.open(trigger.user, body)
    trigger.used = True
    call.workspace.views_changed(trigger.user)
    return {"view": view.as_api()}


def views_push(call: Call) -> Json:
    """docs: views.push; only from something done in the modal that is on top."""
    body = checked_view(call.args.get("view"), "modal")
    trigger = call.slack.triggers.look(call.get("trigger_id"))
    if trigger.view_id is None or call.workspace.views.find(trigger.view_id) is None:
        raise Refusal("not_found")
    view = call.workspace.views.push(trigger.user, body)
    trigger.used = True
    call.workspace.views_changed(trigger.user)
    return {"view": view.as_api()}


def views_update(call: Call) -> Json:
    """docs: views.update; `hash` refuses to overwrite what changed meanwhile."""
    view_id, external_id = call.get("view_id"), call.get("external_id")
    if not view_id and not external_id:
        raise Refusal("invalid_arguments", "missing required field: view_id or external_id")
    view = call.workspace.views.find(view_id, external_id)
    if view is None:
        raise Refusal("not_found")
    body = checked_view(call.args.get("view"), view.kind)
    call.workspace.views.update(view, body, call.get("hash"))
    call.workspace.views_changed(view.user, "home" if view.kind == "home" else "views")
    return {"view": view.as_api()}


def views_publish(call: Call) -> Json:
    """docs: views.publish."""
    member = call.workspace.members.get(call.need("user_id"))
    if member is None or member.is_bot:
        raise Refusal("invalid_arguments", "invalid `user_id`")
    if not call.slack.manifest.home_tab:
        raise Refusal("not_enabled")
    body = checked_view(call.args.get("view"), "home")
    view = call.workspace.views.publish(member.id, body, call.get("hash"))
    call.workspace.views_changed(member.id, "home")
    return {"view": view.as_api()}


def auth_test(call: Call) -> Json:
    """docs: auth.test."""
    member = call.workspace.member(call.token.user_id)
    body: Json = {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM_NAME,
        "user": member.name,
        "team_id": TEAM_ID,
        "user_id": member.id,
        "is_enterprise_install": False,
    }
    return body | ({"bot_id": member.bot_id} if member.bot_id else {})


def apps_connections_open(call: Call) -> Json:
    """docs: apps.connections.open; the URL serves one connection, once."""
    call.grant("connections:write")
    query = urlencode({"ticket": call.slack.switchboard.tickets.new(), "app_id": APP_ID})
    return {"url": f"{call.slack.base_url.replace('http', 'ws', 1)}/link/?{query}"}


VIEWS: dict[str, Method] = {
    "views.open": views_open,
    "views.push": views_push,
    "views.update": views_update,
    "views.publish": views_publish,
    "auth.test": auth_test,
    "apps.connections.open": apps_connections_open,
}
