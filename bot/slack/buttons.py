"""Buttons: read what the press carried, call one verb, tell the presser what came of it.

A value is an opaque token, looked up and never believed. The card itself is drawn again by the announcer,
from the ledger, for everybody.
"""

from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import Ack, BoltContext

from bot.answers import Approved, AskedLonger, ClickAnswer, Ending, ExtendAnswer, Extended, Withdrawn
from bot.deciding import Click
from bot.desk import Desk
from bot.reviewing import ReviewAnswer
from bot.slack import actions as ids
from bot.slack import incidents, modals, replies
from bot.slack.commands import Commands
from bot.slack.forms import Draft, Forms
from bot.slack.voice import Body, Voice, channel_of
from policies.people import Person
from policies.review import Verdict
from policies.values import IncidentId

Listener = Callable[[Ack, Body, BoltContext], None]
_SEEN_ON_THE_CARD = (Approved, Ending, Withdrawn)
"""Answers that the card shows to everybody within a moment, so nobody needs to be told."""
_SEEN_IN_THE_MESSAGE = (Extended, AskedLonger)
"""Answers that the holder's own message shows within a moment, where it was pressed."""


class Buttons:
    """The listeners of buttons and menus."""

    def __init__(self, desk: Desk, voice: Voice, forms: Forms, commands: Commands) -> None:
        self._desk = desk
        self._voice = voice
        self._forms = forms
        self._commands = commands

    def listeners(self) -> dict[str, Listener]:
        """Which listener answers which action."""
        return {
            ids.APPROVE: self.approve,
            ids.DENY: self.deny,
            ids.WITHDRAW: self.end,
            ids.END: self.end,
            ids.EXTEND: self.extend,
            ids.APPROVE_LONGER: self.approve_longer,
            ids.DENY_LONGER: self.deny_longer,
            ids.MORE: self.more,
            ids.CHANGE_DURATION: self.change,
            ids.ASK_AGAIN: self.ask_again,
            ids.ASK_FOR_ROLE: self.ask_for_role,
            ids.SHOW_WORD: self.show,
            ids.END_INCIDENT: self.end_incident,
            ids.REVIEW_FINE: self.review_fine,
            ids.REVIEW_FOLLOW_UP: self.review_follow_up,
            ids.LOGIN_CONFIRM: self.confirm_login,
            ids.LOGIN_REFUSE: self.refuse_login,
        }

    def approve(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Count a yes."""
        answer = self._desk.approve(_click(body, context["person"], _value(body)))
        ack()
        self._tell(body, answer)

    def deny(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Open the form for the reason; whether this person decides is judged when it is sent."""
        token = _value(body)
        refused = self._desk.would_decide(_click(body, context["person"], token))
        if refused is None:
            self._forms.open_deny(body, token)
        ack()
        if refused is not None:
            self._tell(body, refused)

    def end(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """End what runs, or withdraw what waits."""
        answer = self._desk.end_by_token(_click(body, context["person"], _value(body)))
        ack()
        self._tell(body, answer)

    def extend(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Let it last longer, or ask for that."""
        self._extend(ack, body, context["person"], _value(body))

    def _extend(self, ack: Ack, body: Body, person: Person, token: str) -> None:
        answer: ExtendAnswer = self._desk.extend_by_token(_click(body, person, token))
        ack()
        if channel_of(body) is None and isinstance(answer, _SEEN_IN_THE_MESSAGE):
            return
        self._voice.answer(body, self._forms.worded_longer(answer))

    def approve_longer(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Count a yes to more time."""
        answer = self._desk.approve_longer(_click(body, context["person"], _value(body)))
        ack()
        self._tell(body, answer)

    def deny_longer(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Open the form for the reason, as for a request."""
        token = _value(body)
        refused = self._desk.would_decide_longer(_click(body, context["person"], token))
        if refused is None:
            self._forms.open_deny(body, token, modals.deny_longer_form)
        ack()
        if refused is not None:
            self._tell(body, refused)

    def more(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """The menu of a card, or of the holder's message."""
        choice = ids.read_menu_value(_value(body))
        if choice and choice.action == ids.EXTEND:
            self._extend(ack, body, context["person"], choice.token)
            return
        person: Person = context["person"]
        token = choice.token if choice and choice.action == ids.WITHDRAW else ""
        answer = self._desk.end_by_token(_click(body, person, token))
        ack()
        self._tell(body, answer)

    def change(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Ask anew for another duration; the yeses so far are void."""
        person: Person = context["person"]
        choice = ids.read_duration_value(_value(body))
        shown = self._desk.by_token(choice.token) if choice else None
        ack()
        if choice is None or shown is None:
            return
        answer = self._desk.change(person.id, shown.request.id, choice.duration)
        self._voice.answer(body, self._forms.worded_either(answer))

    def ask_again(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Open the form with what was asked before."""
        person: Person = context["person"]
        shown = self._desk.by_token(_value(body))
        mine = shown is not None and person.id in {shown.requester.id, shown.beneficiary.id}
        draft = Draft(channel=channel_of(body))
        if shown is not None and mine:
            draft = draft._replace(
                role=shown.request.role,
                duration=shown.request.duration,
                reason=shown.reason or "",
                reference=shown.request.reference or "",
            )
        self._forms.open_or_say(body, person, draft)
        ack()

    def ask_for_role(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Open the form with a role chosen."""
        choice = ids.read_role_value(_value(body))
        draft = Draft(channel=channel_of(body), role=choice.role, duration=choice.duration)
        self._forms.open_or_say(body, context["person"], draft)
        ack()

    def show(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Answer the word that was meant."""
        ack()
        message = self._commands.answer_word(_value(body), context["person"])
        self._voice.answer(body, message)

    def confirm_login(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Make the terminal that waits under a code this person's."""
        answer = self._desk.logins.confirm(context["person"].id, _value(body))
        ack()
        self._voice.answer(body, replies.say_login(answer, now=self._desk.now()))

    def refuse_login(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Turn the terminal that waits under a code away."""
        answer = self._desk.logins.refuse(context["person"].id, _value(body))
        ack()
        self._voice.answer(body, replies.say_login(answer, now=self._desk.now()))

    def end_incident(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """End all access that hangs on an incident."""
        answer = self._desk.incidents.end(context["person"].id, IncidentId(_value(body)))
        ack()
        self._voice.answer(body, incidents.say_incident(answer))

    def review_fine(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Nothing was wrong with it."""
        click = _click(body, context["person"], _value(body))
        answer = self._desk.reviews.answer(click, Verdict.AS_EXPECTED)
        ack()
        self._tell_review(body, answer)

    def review_follow_up(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Open the form for what has to follow, for whoever may say so."""
        click = _click(body, context["person"], _value(body))
        refused = self._desk.reviews.would_answer(click)
        if refused is None:
            self._forms.open_follow_up(body, click.token)
        ack()
        if refused is not None:
            self._tell_review(body, refused)

    def follow_up_sent(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Something has to follow: what, is kept with the review."""
        note = self._forms.reason_or_errors(ack, body)
        if note is None:
            return
        click = Click(context["person"].id, str(body["view"].get("private_metadata", "")), None)
        answer = self._desk.reviews.answer(click, Verdict.NEEDS_FOLLOW_UP, note)
        ack()
        self._tell_review(body, answer)

    def _tell_review(self, body: Body, answer: ReviewAnswer) -> None:
        message = incidents.say_review(answer)
        if message is not None:
            self._voice.answer(body, message)

    def _tell(self, body: Body, answer: ClickAnswer) -> None:
        if isinstance(answer, _SEEN_ON_THE_CARD):
            return
        self._voice.answer(body, self._forms.worded_click(answer))


def _value(body: Body) -> str:
    """What the pressed button or the chosen option carried."""
    pressed: Mapping[str, Any] = (body.get("actions") or [{}])[0]
    chosen = pressed.get("selected_option")
    found = chosen.get("value") if isinstance(chosen, Mapping) else pressed.get("value")
    return str(found or "")


def _click(body: Body, person: Person, token: str) -> Click:
    container = body.get("container", {})
    message = container.get("message_ts") if isinstance(container, Mapping) else None
    return Click(person.id, token, str(message) if message else None)
