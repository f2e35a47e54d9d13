"""The forms: opened from a line, a shortcut or a button; drawn again at each choice; sent.

What a form carries back (its values, and the channel and person in its private text) is input like any
other: the desk decides again from the catalogue and the rules when it is sent.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import structlog
from slack_bolt import Ack, BoltContext

from bot.answers import (
    AlreadyAsked,
    AlreadyHeld,
    AskAnswer,
    Asked,
    ClickAnswer,
    ExtendAnswer,
    NotAllowed,
    Preview,
    Starting,
)
from bot.asking import Wish
from bot.deciding import Click
from bot.desk import Desk
from bot.slack import actions as ids
from bot.slack import modals, replies
from bot.slack.blocks import Block, Message
from bot.slack.client import SlackError
from bot.slack.line import PersonUnknown, holds_secret, read_message
from bot.slack.modals import FormView, RoleOption, Submitted
from bot.slack.notes import about_refusal, noted
from bot.slack.voice import Body, Voice, channel_of, user_of
from bot.slack.words import forms as words
from bot.views import RequestView
from policies.people import Person
from policies.rules import Policy
from policies.values import PersonId, RoleName
from policies.window import write_duration

log = structlog.get_logger(__name__)

Noted = Callable[[timedelta | None], str]
"""A sentence on top of the form; it may mention the duration that the form selects."""


class Draft(NamedTuple):
    """What is known so far of an ask that a form completes."""

    channel: str | None = None
    for_user: str | None = None
    role: RoleName | None = None
    duration: timedelta | None = None
    reason: str = ""
    reference: str = ""
    notes: tuple[Noted, ...] = ()


class Forms:
    """The listeners of forms."""

    def __init__(self, desk: Desk, policy: Callable[[], Policy | None], voice: Voice) -> None:
        self._desk = desk
        self._policy = policy
        self._voice = voice

    def open(self, body: Body, person: Person, draft: Draft) -> Message | None:
        """Open the form for whoever made this payload's trigger; what to say when Slack does not."""
        view = modals.ask_form(self._view(person, draft))
        try:
            self._voice.conversation.open_form(str(body.get("trigger_id", "")), view)
        except SlackError as error:
            log.warning("form_not_opened", problem=str(error))
            return replies.say_form_not_opened()
        return None

    def open_or_say(self, body: Body, person: Person, draft: Draft) -> None:
        """Open the form, or tell the person why there is none."""
        problem = self.open(body, person, draft)
        if problem is not None:
            self._voice.answer(body, problem)

    def open_from_shortcut(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """The shortcut, or *Ask for access* on a message: its first line is the reason to start from."""
        message = body.get("message")
        said = read_message(str(message.get("text", "")) if isinstance(message, Mapping) else "")
        draft = Draft(
            channel=channel_of(body),
            reason=said.filled.reason,
            reference=said.filled.reference or "",
            notes=tuple(noted(note) for note in said.notes),
        )
        self.open_or_say(body, context["person"], draft)
        ack()

    def for_somebody_known(self, asker: Person, draft: Draft) -> Draft:
        """The draft, less the person it is for where nobody is linked to that account; then it says so."""
        if self.linked(asker, draft.for_user) is not None:
            return draft
        unknown = noted(PersonUnknown(f"<@{draft.for_user}>"))
        return draft._replace(for_user=None, notes=(*draft.notes, unknown))

    def _view(self, person: Person, draft: Draft) -> FormView:
        preview, role = self._preview(person, draft)
        choices = preview.choices if preview else ()
        selected = _selected(draft, preview, self._shortest())
        if draft.duration not in {None, selected}:
            preview, role = self._preview(person, draft._replace(duration=selected))
        return FormView(
            notes=tuple(note(selected) for note in draft.notes),
            role=role,
            durations=choices,
            offer=f":{write_duration(choices[-1])}" if choices else "",
            selected=selected,
            default=preview.default if preview else None,
            reason=draft.reason,
            reference=draft.reference,
            preview=words.previewed(preview) if preview else words.nothing_to_check(),
            submit=words.submit(preview),
            private=_private(draft),
            beneficiary=self._name_of(draft.for_user),
        )

    def _shortest(self) -> timedelta:
        policy = self._policy()
        return policy.settings.shortest_duration if policy else timedelta(0)

    def _preview(self, person: Person, draft: Draft) -> tuple[Preview | None, RoleOption | None]:
        policy = self._policy()
        role = policy.catalogue.get(draft.role) if policy and draft.role else None
        if policy is None or role is None:
            return None, None
        wish = Wish(person.id, self._holder(person, draft), role.name, draft.duration, None, "")
        return self._desk.preview(wish), RoleOption(role.name, role.title)

    def _holder(self, person: Person, draft: Draft) -> PersonId:
        return self.linked(person, draft.for_user) or person.id

    def linked(self, asker: Person, user: str | None) -> PersonId | None:
        """The person behind a Slack user of our workspace; None when nobody is linked to it."""
        policy = self._policy()
        if user is None or policy is None:
            return asker.id if user is None else None
        found = policy.people.by_slack(asker.slack[0].team, user)
        return found.id if found is not None and found.active else None

    def _name_of(self, user: str | None) -> str | None:
        policy = self._policy()
        if user is None or policy is None:
            return None
        return next(
            (one.name for one in policy.people.people if user in {account.user for account in one.slack}),
            None,
        )

    def suggest(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """The roles that fit what is typed into the form's search."""
        person: Person = context["person"]
        found = modals.role_options(self._desk.roles(person.id), str(body.get("value", "")))
        ack(option_groups=found["option_groups"])  # type: ignore[arg-type]

    def changed(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """A role or duration was chosen: who would be asked is drawn again, and what was typed stays."""
        ack()
        shown = body["view"]
        state = modals.read_ask_form(shown["state"])
        draft = _draft(state, _read_private(shown))
        view = modals.ask_form(self._view(context["person"], draft))
        try:
            self._voice.conversation.redraw_form(str(shown["id"]), str(shown["hash"]), view)
        except SlackError as error:
            log.info("form_not_redrawn", problem=str(error))  # it changed meanwhile, and is drawn again then

    def ask_sent(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """The form was sent: decide anew, close it, and say what came of it."""
        person: Person = context["person"]
        sent = modals.read_ask_form(body["view"]["state"])
        errors = modals.ask_form_errors(sent) | _secrets_in(sent)
        draft = _draft(sent, _read_private(body["view"]))
        if errors or sent.role is None:
            ack(response_action="errors", errors=errors)
            return
        holder = self.linked(person, draft.for_user)
        if holder is None:
            self._draw_again(ack, person, self.for_somebody_known(person, draft))
            return
        answer = self._desk.ask(
            Wish(person.id, holder, sent.role, sent.duration, sent.reference or None, sent.reason),
            operation=f"view:{body['view']['id']}",
        )
        if isinstance(answer, NotAllowed):
            self._draw_refused(ack, person, draft, answer)
            return
        ack()
        self._voice.whisper(draft.channel, user_of(body), self.worded(answer))

    def _draw_refused(self, ack: Ack, person: Person, draft: Draft, answer: NotAllowed) -> None:
        """The rules say no: the form stays open with everything in it, and says why."""
        longest = answer.decision.longest
        refused = draft._replace(
            notes=(about_refusal(answer),),
            duration=min(draft.duration or longest, longest) if longest else None,
        )
        self._draw_again(ack, person, refused)

    def _draw_again(self, ack: Ack, person: Person, draft: Draft) -> None:
        ack(response_action="update", view=modals.ask_form(self._view(person, draft)))

    def worded(self, answer: AskAnswer) -> Message:
        """What came of an ask, with buttons that carry its token."""
        return replies.say_ask(answer, now=self._desk.now(), token=self.token_of(answer))

    def worded_click(self, answer: ClickAnswer) -> Message:
        """What came of a press, with buttons that carry the token of the request as it now is."""
        return replies.say_click(answer, now=self._desk.now(), token=self.token_of(answer))

    def worded_longer(self, answer: ExtendAnswer) -> Message:
        """What came of wanting more time."""
        return replies.say_longer(answer, now=self._desk.now(), token=self.token_of(answer))

    def worded_either(self, answer: AskAnswer | ClickAnswer) -> Message:
        """What came of changing an ask: a new one, or why there is none."""
        if isinstance(answer, Asked | Starting | AlreadyAsked | AlreadyHeld):
            return self.worded(answer)
        return self.worded_click(answer)

    def token_of(self, answer: AskAnswer | ClickAnswer | ExtendAnswer) -> str:
        """The token of the request in an answer, or nothing where there is none."""
        shown = getattr(answer, "view", None)
        return self._desk.token(shown.request) if isinstance(shown, RequestView) else ""

    def open_deny(
        self, body: Body, token: str, form: Callable[[RequestView, str], Block] = modals.deny_form
    ) -> bool:
        """Open the form that denies; False when the token stands for nothing that waits."""
        shown = self._desk.by_token(token)
        if shown is None:
            return False
        card = f"{token} {body.get('container', {}).get('message_ts', '')}"
        try:
            self._voice.conversation.open_form(str(body["trigger_id"]), form(shown, card))
        except SlackError as error:
            log.warning("form_not_opened", problem=str(error))
            self._voice.answer(body, replies.say_form_not_opened())
        return True

    def open_follow_up(self, body: Body, token: str) -> None:
        """Open the form that says what has to follow an emergency."""
        try:
            self._voice.conversation.open_form(str(body["trigger_id"]), modals.follow_up_form(token))
        except SlackError as error:
            log.warning("form_not_opened", problem=str(error))
            self._voice.answer(body, replies.say_form_not_opened())

    def reason_or_errors(self, ack: Ack, body: Body) -> str | None:
        """The reason that a form was sent with; None where it has to be written again, and that was said."""
        reason = modals.read_deny_form(body["view"]["state"])
        errors = modals.deny_form_errors(reason) | _secret_in(ids.DENY_REASON_BLOCK, reason)
        if errors:
            ack(response_action="errors", errors=errors)
            return None
        return reason

    def deny_sent(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Deny with the reason that was typed."""
        self._deny(self._desk.deny, ack, body, context)

    def deny_longer_sent(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Deny more time with the reason that was typed."""
        self._deny(self._desk.deny_longer, ack, body, context)

    def _deny(
        self, verb: Callable[[Click, str], ClickAnswer], ack: Ack, body: Body, context: BoltContext
    ) -> None:
        person: Person = context["person"]
        reason = self.reason_or_errors(ack, body)
        if reason is None:
            return
        token, _, message = str(body["view"].get("private_metadata", "")).partition(" ")
        answer = verb(Click(person.id, token, message or None), reason)
        ack()
        self._voice.answer(body, self.worded_click(answer))


def _selected(draft: Draft, preview: Preview | None, shortest: timedelta) -> timedelta | None:
    """What was typed if it may be had, else the nearest that may be, else the default."""
    if preview is None or not preview.choices:
        return draft.duration
    wanted = draft.duration or preview.default or preview.choices[0]
    return max(min(wanted, preview.choices[-1]), shortest)


def _secrets_in(sent: Submitted) -> dict[str, str]:
    """What looks like a key is not stored, wherever it was typed."""
    return _secret_in(ids.REASON_BLOCK, sent.reason) | _secret_in(ids.REFERENCE_BLOCK, sent.reference)


def _secret_in(block: str, typed: str) -> dict[str, str]:
    return {block: words.note_secret()} if holds_secret(typed) else {}


def _draft(sent: Submitted, private: Mapping[str, Any]) -> Draft:
    return Draft(
        channel=_text(private.get("channel")),
        for_user=_text(private.get("for")),
        role=sent.role,
        duration=sent.duration,
        reason=sent.reason,
        reference=sent.reference,
    )


def _private(draft: Draft) -> str:
    return json.dumps({"channel": draft.channel, "for": draft.for_user})


def _read_private(view: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        found = json.loads(str(view.get("private_metadata", "")))
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
