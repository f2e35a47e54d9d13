"""Finding what a person points at: a message or view, and a button, option or field in it."""

from collections.abc import Iterator

from sandbox.slack.channels import Channel, Message
from sandbox.slack.inputs import Placed, options_of, placed
from sandbox.slack.lines import channel_of
from sandbox.slack.outcomes import Impossible
from sandbox.slack.payloads import Stage
from sandbox.slack.people import Member
from sandbox.slack.shapes import Json
from sandbox.slack.slack import Slack
from sandbox.slack.views import View


def stage_of(slack: Slack, member: Member, told: Json) -> Stage:
    """The message (`channel`, `ts`) or view (`view_id`) meant; with neither, the top modal."""
    if told.get("ts"):
        channel = channel_of(slack, member, told.get("channel"))
        return Stage(channel=channel, message=seen_message(channel, member, str(told["ts"])))
    return Stage(view=seen_view(slack, member, told.get("view_id")))


def seen_message(channel: Channel, member: Member, ts: str) -> Message:
    """A message this person can see."""
    message = channel.messages.get(ts) or channel.whispers.get(ts)
    if message is None or message.seen_only_by not in (None, member.id):
        raise Impossible(f"{member.id} sees no message {ts} in {channel.id}")
    return message


def seen_view(slack: Slack, member: Member, view_id: object = None) -> View:
    """A view in front of this person; modals below the top one cannot be used."""
    views = slack.workspace.views
    top, home = views.top(member.id), views.home(member.id)
    wanted = [view for view in (top, home) if view is not None and view_id in (None, view.id)]
    if not wanted:
        raise Impossible(f"{member.id} has no such view open")
    return wanted[0]


def words(value: object) -> str:
    """The text of a text object."""
    return str(value.get("text", "")) if isinstance(value, dict) else ""


def _labels(one: Placed) -> Iterator[str]:
    """Everything an element may be called by."""
    yield words(one.element.get("text"))
    if one.kind == "overflow":
        yield from (words(option["text"]) for option in one.element["options"])
    if one.block["type"] == "input":
        yield words(one.block["label"])
    yield words(one.element.get("placeholder"))


def element_of(stage: Stage, told: Json) -> Placed:
    """The element meant by `action_id`, `block_id` or `label`."""
    named = {name: told[name] for name in ("action_id", "block_id", "label") if told.get(name)}
    found = [one for one in placed(stage.blocks) if one.kind != "image" and _is(one, named)]
    if not named or not found:
        raise Impossible(f"nothing there is called {named}")
    return found[0]


def _is(one: Placed, named: Json) -> bool:
    label = named.get("label")
    ids = (one.action_id, named.get("action_id")), (one.block_id, named.get("block_id"))
    return all(wanted in (None, own) for own, wanted in ids) and (label is None or label in _labels(one))


def option_of(options: list[Json], wanted: object) -> Json | None:
    """The option with this value or text."""
    return next((one for one in options if wanted in (one["value"], words(one["text"]))), None)


def chosen_option(one: Placed, wanted: object) -> Json:
    """The option of an overflow or select a person means."""
    option = option_of(options_of(one.element), wanted)
    if option is None:
        raise Impossible(f"{one.action_id} has no option {wanted}")
    return option
