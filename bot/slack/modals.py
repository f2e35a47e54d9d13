"""The forms: to ask for access, and to deny with a reason; drawn from values and read back into values.

Every block keeps its id from one drawing to the next, so that what somebody typed stays when the line below
it is drawn again. The duration's alone changes with what is offered: Slack would keep a choice that is gone.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from bot.answers import RoleLine
from bot.slack import actions as ids
from bot.slack.blocks import (
    Block,
    Option,
    context,
    external_select,
    labelled,
    modal,
    named,
    option,
    plain,
    quote,
    section,
    static_select,
    text_input,
)
from bot.slack.words import buttons, card, forms, longer
from bot.views import RequestView
from policies.values import RoleName
from policies.window import parse_duration, write_duration

REASON_MOST: Final = 2000
"""The longest reason that is stored."""
REFERENCE_MOST: Final = 100
OPTIONS_MOST: Final = 100


class RoleOption(NamedTuple):
    """A role as it stands chosen in the form."""

    name: RoleName
    title: str


class FormView(NamedTuple):
    """Everything the form shows; sentences are in words already, `words.forms` has them."""

    notes: tuple[str, ...] = ()
    role: RoleOption | None = None
    durations: tuple[timedelta, ...] = ()
    """What may be had, shortest first; empty while no role is chosen."""
    offer: str = ""
    """Ends the id of the durations' block; another one lets go of what was chosen before."""
    selected: timedelta | None = None
    default: timedelta | None = None
    reason: str = ""
    reference: str = ""
    preview: str = forms.nothing_to_check()
    submit: str = buttons.SEND
    private: str = ""
    beneficiary: str | None = None
    """The name of the person it is for, where that is somebody else."""


class Submitted(NamedTuple):
    """What stood in the form."""

    role: RoleName | None
    duration: timedelta | None
    reason: str
    reference: str


def ask_form(view: FormView) -> Block:
    """The form that asks for access, as Slack takes it."""
    blocks = [
        *_notes(view),
        _role(view.role),
        *_duration(view),
        _reason(view.reason),
        _reference(view.reference),
        named(section(plain(view.preview)), ids.PREVIEW_BLOCK),
        context(plain(forms.FORM_ENDS)),
    ]
    return modal(
        ids.ASK_FORM,
        forms.ASK_TITLE,
        blocks,
        submit=view.submit,
        close=buttons.CANCEL,
        private=view.private,
    )


def _notes(view: FormView) -> list[Block]:
    whom = [forms.form_for(view.beneficiary)] if view.beneficiary else []
    said = " ".join((*whom, *view.notes))
    return [named(section(plain(said)), ids.NOTES_BLOCK)] if said else []


def _role(chosen: RoleOption | None) -> Block:
    option = Option(forms.form_role(chosen.name, chosen.title), chosen.name) if chosen else None
    element = external_select(ids.ROLE, forms.ROLE_HINT, option)
    return labelled(ids.ROLE_BLOCK, forms.ROLE_LABEL, element, dispatch=True)


def _duration(view: FormView) -> list[Block]:
    offered = _offered(view)
    if not offered:
        return []
    longest = view.durations[-1] if view.durations else None
    options = {
        each: Option(forms.form_duration(each, view.default, longest), write_duration(each))
        for each in offered
    }
    chosen = options.get(view.selected or view.default or offered[0], options[offered[0]])
    element = static_select(ids.DURATION, list(options.values()), chosen)
    return [labelled(ids.DURATION_BLOCK + view.offer, forms.DURATION_LABEL, element, dispatch=True)]


def _offered(view: FormView) -> tuple[timedelta, ...]:
    """What may be had, and what was typed where that may be had too."""
    if view.selected is None or (view.durations and view.selected > view.durations[-1]):
        return view.durations
    return tuple(sorted({*view.durations, view.selected}))[:OPTIONS_MOST]


def _reason(typed: str) -> Block:
    element = text_input(ids.REASON, forms.REASON_HINT, typed, most=REASON_MOST, multiline=True)
    return labelled(ids.REASON_BLOCK, forms.REASON_LABEL, element)


def _reference(typed: str) -> Block:
    element = text_input(ids.REFERENCE, forms.REFERENCE_HINT, typed, most=REFERENCE_MOST)
    return labelled(ids.REFERENCE_BLOCK, forms.REFERENCE_LABEL, element, optional=True)


def role_options(lines: Sequence[RoleLine], query: str = "") -> Block:
    """The roles that fit what was typed so far, for Slack's `block_suggestion`."""
    wanted = _plain_words(query)
    fitting = [line for line in lines if all(word in _sought(line) for word in wanted)]
    groups = (
        (forms.ROLES_YOU_CAN_HAVE, [line for line in fitting if line.refusal is None]),
        (forms.ROLES_NOT_NOW, [line for line in fitting if line.refusal is not None]),
    )
    return {"option_groups": [_group(label, found) for label, found in groups if found]}


def _plain_words(text: str) -> list[str]:
    return re.split(r"[\s_-]+", text.strip().lower())


def _sought(line: RoleLine) -> str:
    return " ".join(_plain_words(f"{line.name} {line.title}"))


def _group(label: str, lines: Sequence[RoleLine]) -> Block:
    shown = [Option(forms.form_role(line.name, line.title), line.name) for line in lines[:OPTIONS_MOST]]
    return {"label": plain(label), "options": [option(one) for one in shown]}


def read_ask_form(state: Mapping[str, object]) -> Submitted:
    """What stands in the form, from the `state` of its view; what cannot be read is as good as empty."""
    role = _chosen(state, ids.ROLE_BLOCK, ids.ROLE)
    return Submitted(
        role=RoleName(role) if role else None,
        duration=_read_duration(_chosen(state, _duration_block(state), ids.DURATION)),
        reason=_typed(state, ids.REASON_BLOCK, ids.REASON),
        reference=_typed(state, ids.REFERENCE_BLOCK, ids.REFERENCE),
    )


def _duration_block(state: Mapping[str, object]) -> str:
    """The duration's block: its id ends with the offer."""
    found = (name for name in _within(state, "values") if name.startswith(ids.DURATION_BLOCK))
    return next(found, ids.DURATION_BLOCK)


def ask_form_errors(submitted: Submitted) -> dict[str, str]:
    """What is missing, by the block it is missing from; empty when it can be sent."""
    errors = {}
    if submitted.role is None:
        errors[ids.ROLE_BLOCK] = forms.note_role_missing()
    if not submitted.reason:
        errors[ids.REASON_BLOCK] = forms.note_reason_missing()
    return errors


def _read_duration(written: str) -> timedelta | None:
    try:
        return parse_duration(written)
    except ValueError:
        return None


def _chosen(state: Mapping[str, object], block: str, action: str) -> str:
    return _text(_within(_element(state, block, action), "selected_option"), "value")


def _typed(state: Mapping[str, object], block: str, action: str) -> str:
    return _text(_element(state, block, action), "value").strip()


def _element(state: Mapping[str, object], block: str, action: str) -> Mapping[str, object]:
    return _within(_within(_within(state, "values"), block), action)


def _within(holder: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = holder.get(key)
    return found if isinstance(found, Mapping) else {}


def _text(holder: Mapping[str, object], key: str) -> str:
    found = holder.get(key)
    return found if isinstance(found, str) else ""


def deny_form(view: RequestView, token: str) -> Block:
    """The form that denies; the reason it takes is what the requester reads."""
    element = text_input(ids.DENY_REASON, forms.DENY_HINT, most=REASON_MOST, multiline=True)
    blocks = [
        section(card.waiting_title(view)),
        *([quote(view.reason)] if view.reason else []),
        labelled(ids.DENY_REASON_BLOCK, forms.deny_label(view), element),
    ]
    return modal(
        ids.DENY_FORM,
        forms.DENY_TITLE,
        blocks,
        submit=buttons.DENY,
        close=buttons.CANCEL,
        private=token,
    )


def deny_longer_form(view: RequestView, token: str) -> Block:
    """The form that denies more time; the reason it takes is what the holder reads."""
    element = text_input(ids.DENY_REASON, forms.DENY_HINT, most=REASON_MOST, multiline=True)
    asked = [section(longer.who_asks(view, view.more))] if view.more else []
    return modal(
        ids.DENY_LONGER_FORM,
        forms.DENY_LONGER_TITLE,
        [*asked, labelled(ids.DENY_REASON_BLOCK, forms.deny_longer_label(view), element)],
        submit=buttons.DENY,
        close=buttons.CANCEL,
        private=token,
    )


def read_deny_form(state: Mapping[str, object]) -> str:
    """The reason that was typed, from the `state` of the form's view."""
    return _typed(state, ids.DENY_REASON_BLOCK, ids.DENY_REASON)


def follow_up_form(token: str) -> Block:
    """The form that says what has to follow an emergency."""
    element = text_input(ids.DENY_REASON, forms.FOLLOW_UP_HINT, most=REASON_MOST, multiline=True)
    return modal(
        ids.FOLLOW_UP_FORM,
        forms.FOLLOW_UP_TITLE,
        [labelled(ids.DENY_REASON_BLOCK, forms.FOLLOW_UP_LABEL, element)],
        submit=buttons.SEND,
        close=buttons.CANCEL,
        private=token,
    )


def deny_form_errors(reason: str) -> dict[str, str]:
    """What is missing, by the block it is missing from; empty when it can be sent."""
    return {} if reason else {ids.DENY_REASON_BLOCK: forms.note_reason_missing()}
