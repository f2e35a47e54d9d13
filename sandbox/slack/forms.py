"""A person fills, submits and closes modals (docs: surfaces, modals; view interactions payloads)."""

from sandbox.slack import limits, outcomes, payloads
from sandbox.slack.clicks import press
from sandbox.slack.element_rules import SUGGESTIONS
from sandbox.slack.finding import chosen_option, element_of, option_of, seen_view, stage_of
from sandbox.slack.inputs import VALUE_KEYS, Placed, entry, is_empty, options_of, placed
from sandbox.slack.lines import person
from sandbox.slack.outcomes import Impossible, of_delivery, outcome
from sandbox.slack.payloads import Stage
from sandbox.slack.people import Member
from sandbox.slack.shapes import Json, Refusal
from sandbox.slack.slack import Slack
from sandbox.slack.view_rules import checked_view
from sandbox.slack.views import View

DEFAULT_QUERY_LENGTH = 3
"""docs: external select, min_query_length."""


async def fills(slack: Slack, user: str, told: Json) -> Json:
    """Type into or choose in a field; fields that dispatch send block_actions at once.

    A text field dispatches when filled, as if Enter were pressed (or the last character typed).
    """
    member = person(slack, user)
    stage = stage_of(slack, member, told)
    one = element_of(stage, told)
    if one.kind in ("button", "overflow"):
        raise Impossible(f"{one.action_id} is pressed, not filled")
    value = await _value(slack, member, stage, one, told.get("value"))
    if stage.view is not None:
        stage.view.state[one.block_id][one.action_id] = entry(one.element, value)
        stage.view.errors.pop(one.block_id, None)
        slack.workspace.views_changed(member.id, "home" if stage.view.kind == "home" else "views")
    if not one.dispatches:
        return outcome("filled")
    return await press(slack, member, stage, one, {VALUE_KEYS[one.kind]: value}, confirmed=True)


async def _value(slack: Slack, member: Member, stage: Stage, one: Placed, wanted: object) -> object:
    """What the field holds after the person chose `wanted`."""
    key = VALUE_KEYS[one.kind]
    many = key.endswith("s")
    if wanted is None:
        return [] if many else None
    if not key.startswith("selected_option"):
        return wanted
    asked = wanted if many and isinstance(wanted, list) else [wanted]
    chosen = [await _option(slack, member, stage, one, each) for each in asked]
    return chosen if many else chosen[0]


async def _option(slack: Slack, member: Member, stage: Stage, one: Placed, wanted: object) -> Json:
    if "external" not in one.kind:
        return chosen_option(one, wanted)
    offered = stage.view.offered.get(one.action_id, []) if stage.view is not None else []
    option = option_of(offered, wanted) or option_of(
        (await _ask(slack, member, stage, one, str(wanted)))[1], wanted
    )
    if option is None:
        raise Impossible(f"{one.action_id} does not offer {wanted}")
    return option


async def suggests(slack: Slack, user: str, told: Json) -> Json:
    """Type into an external select: the app is asked from min_query_length on, once per keystroke."""
    member = person(slack, user)
    stage = stage_of(slack, member, told)
    one = element_of(stage, told)
    if "external" not in one.kind:
        return outcome("listed", options=options_of(one.element), groups=one.element.get("option_groups", []))
    answer, options = await _ask(slack, member, stage, one, str(told.get("query", "")))
    return {**answer, "options": options}


async def _ask(
    slack: Slack, member: Member, stage: Stage, one: Placed, query: str
) -> tuple[Json, list[Json]]:
    if len(query) < one.element.get("min_query_length", DEFAULT_QUERY_LENGTH):
        return outcome("too_short", groups=[]), []
    payload = payloads.block_suggestion(member, stage, one.block_id, one.action_id, query)
    delivery = await slack.switchboard.deliver("interactive", payload)
    told = delivery.response or {}
    problems = list(SUGGESTIONS(told, ""))
    options = [] if problems else options_of(told)
    if stage.view is not None:
        stage.view.offered[one.action_id] = options
    groups = [] if problems else told.get("option_groups", [])
    return {
        **of_delivery(delivery, "No results", "No results"),
        "groups": groups,
        "problems": problems,
    }, options


async def submits(slack: Slack, user: str, view_id: str | None = None) -> Json:
    """Press the submit button of the top modal."""
    member = person(slack, user)
    view = _modal(slack, member, view_id)
    if not view.body.get("submit"):
        raise Impossible("this view has no submit button")
    view.errors, view.notice = _missing(view), ""
    if view.errors:
        slack.workspace.views_changed(user)
        return outcome("invalid", outcomes.REQUIRED, errors=view.errors)
    delivery = await slack.switchboard.deliver("interactive", payloads.view_submission(slack, member, view))
    if delivery.outcome == "acked":
        _follow(slack, view, delivery.response or {})
    else:
        view.notice = outcomes.FORM_TROUBLE
    slack.workspace.views_changed(user)
    return {**of_delivery(delivery), "seen": view.notice, "errors": view.errors}


def _modal(slack: Slack, member: Member, view_id: str | None) -> View:
    view = seen_view(slack, member, view_id)
    if view.kind != "modal":
        raise Impossible("no modal is open")
    return view


def _missing(view: View) -> dict[str, str]:
    """What the client itself complains of, without asking the app."""
    found = {}
    for one in placed(view.blocks):
        state = view.state.get(one.block_id, {}).get(one.action_id)
        if one.block["type"] == "input" and state is not None and (problem := _complaint(one, state)):
            found[one.block_id] = problem
    return found


def _complaint(one: Placed, state: Json) -> str:
    if is_empty(state):
        return outcomes.REQUIRED if one.required else ""
    value = state.get("value")
    low, high = one.element.get("min_length", 0), one.element.get("max_length", limits.INPUT_TEXT_MAX)
    if isinstance(value, str) and not low <= len(value) <= high:
        return f"Please enter between {low} and {high} characters."
    return ""


def _follow(slack: Slack, view: View, answer: Json) -> None:
    """Do what the acknowledgement asks; anything Slack cannot follow leaves its trouble line.

    docs: surfaces, modals, response_action; reference B1: closing a view needs an empty answer.
    """
    try:
        _obey(slack, view, answer)
    except (Refusal, Impossible):
        view.notice = outcomes.FORM_TROUBLE


def _obey(slack: Slack, view: View, answer: Json) -> None:
    views, action = slack.workspace.views, answer.get("response_action")
    if not answer:
        views.pop(view)
    elif action == "clear":
        views.stack(view.user).clear()
    elif action == "errors":
        view.errors = _known_errors(view, answer.get("errors"))
    elif action == "update":
        views.update(view, checked_view(answer.get("view"), "modal"), None)
    elif action == "push":
        views.push(view.user, checked_view(answer.get("view"), "modal"))
    else:
        raise Impossible("not an answer to a submission")


def _known_errors(view: View, told: object) -> dict[str, str]:
    """docs: surfaces, modals: errors are keyed by the block_id of input blocks."""
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(told, dict) or not told or set(told) - inputs:
        raise Impossible("errors must name input blocks")
    return {str(name): str(text) for name, text in told.items()}


async def closes(slack: Slack, user: str, view_id: str | None = None, *, everything: bool = False) -> Json:
    """Close the top modal, or with the cross all of them; the app hears of it if it asked to."""
    member = person(slack, user)
    view = _modal(slack, member, view_id)
    stack = slack.workspace.views.stack(user)
    cleared = everything or bool(view.body.get("clear_on_close"))
    gone = [*reversed(stack)] if cleared else [view]
    for one in gone:
        slack.workspace.views.pop(one)
    slack.workspace.views_changed(user)
    result = outcome("closed")
    for one in gone:
        if one.body.get("notify_on_close"):
            payload = payloads.view_closed(member, one, is_cleared=cleared)
            result = of_delivery(await slack.switchboard.deliver("interactive", payload))
    return result
