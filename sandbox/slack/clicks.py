"""A person presses something in a message, a modal or the Home tab (docs: block_actions payload)."""

from sandbox.slack import outcomes, payloads
from sandbox.slack.finding import chosen_option, element_of, seen_message, stage_of
from sandbox.slack.inputs import VALUE_KEYS, Placed, entry, state_of
from sandbox.slack.lines import channel_of, person
from sandbox.slack.outcomes import Impossible, of_delivery, outcome
from sandbox.slack.payloads import Stage
from sandbox.slack.people import Member
from sandbox.slack.shapes import Json
from sandbox.slack.slack import Slack


async def clicks(slack: Slack, user: str, told: Json) -> Json:
    """Press a button or choose from a menu; a `confirm` dialog comes first, in the client."""
    member = person(slack, user)
    stage = stage_of(slack, member, told)
    one = element_of(stage, told)
    if one.kind not in ("button", "overflow"):
        raise Impossible(f"{one.action_id} is a field: fill it")
    return await press(slack, member, stage, one, _action(one, told), confirmed=bool(told.get("confirmed")))


def _action(one: Placed, told: Json) -> Json:
    """docs: block_actions payload, actions[]."""
    if one.kind == "overflow":
        return {"selected_option": chosen_option(one, told.get("value") or told.get("label"))}
    return {name: one.element[name] for name in ("text", "value", "style", "url") if name in one.element}


async def press(
    slack: Slack, member: Member, stage: Stage, one: Placed, action: Json, *, confirmed: bool = False
) -> Json:
    """Send block_actions; external people's clicks are delivered like anybody's (reference B7)."""
    if "confirm" in one.element and not confirmed:
        return outcome("needs_confirm", confirm=one.element["confirm"])
    whole = {
        "type": one.kind,
        "action_id": one.action_id,
        "block_id": one.block_id,
        "action_ts": payloads.action_ts(slack),
        **action,
    }
    state = _state(stage, one, action)
    payload = payloads.block_actions(slack, member, stage, whole, state)
    delivery = await slack.switchboard.deliver("interactive", payload)
    return of_delivery(delivery, outcomes.BUTTON_TIMEOUT, outcomes.BUTTON_FAILED)


def _state(stage: Stage, one: Placed, action: Json) -> dict[str, dict[str, Json]]:
    """The state of a message's own inputs, with the one just used."""
    if stage.view is not None:
        return stage.view.state
    state = state_of(stage.blocks)
    key = VALUE_KEYS.get(one.kind, "")
    if key in action and one.kind != "overflow":
        state[one.block_id][one.action_id] = entry(one.element, action[key])
    return state


async def uses_shortcut(slack: Slack, user: str, told: Json) -> Json:
    """Use a shortcut, from anywhere or on a message; only the workspace's own people can (B7)."""
    member = person(slack, user)
    if not slack.workspace.in_our_team(member):
        return outcome("refused", "Only members of Meridian can use this app's shortcuts.")
    callback_id = str(told["callback_id"])
    payload = payloads.shortcut(slack, member, callback_id)
    if told.get("ts"):
        channel = channel_of(slack, member, told.get("channel"))
        message = seen_message(channel, member, str(told["ts"]))
        payload = payloads.message_action(slack, member, callback_id, channel, message)
    delivery = await slack.switchboard.deliver("interactive", payload)
    return of_delivery(delivery, outcomes.BUTTON_TIMEOUT, outcomes.BUTTON_FAILED)
