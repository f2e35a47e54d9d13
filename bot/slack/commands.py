"""`/prod-access …`: read the line, call one verb, word the answer."""

from collections.abc import Callable
from typing import assert_never

from slack_bolt import Ack, BoltContext

from bot.answers import NotAllowed, Starting
from bot.asking import Wish
from bot.desk import Desk
from bot.slack import incidents, replies
from bot.slack.blocks import Message
from bot.slack.forms import Draft, Forms
from bot.slack.line import (
    DidYouMean,
    Emergency,
    Empty,
    End,
    Extend,
    Filled,
    Help,
    IncidentEnded,
    IncidentLine,
    IncidentNamed,
    IncidentOpened,
    Incidents,
    IncidentUnclear,
    Later,
    Line,
    Login,
    Logout,
    Mine,
    Part,
    Roles,
    Vocabulary,
    Waiting,
    Whole,
    read_line,
)
from bot.slack.notes import MENDED_IN_THE_FORM, about_refusal, noted
from bot.slack.voice import Body, channel_of
from bot.views import CardState, RequestView
from policies.people import Person
from policies.rules import Policy

_WORDS = (Mine, Waiting, Roles, End, Extend, Login, Logout, Help, Later, DidYouMean)
_RUNS = {CardState.STARTING, CardState.LIVE}


class Commands:
    """The listener of the slash command."""

    def __init__(self, desk: Desk, policy: Callable[[], Policy | None], forms: Forms) -> None:
        self._desk = desk
        self._policy = policy
        self._forms = forms

    def typed(self, ack: Ack, body: Body, context: BoltContext) -> None:
        """Answer a line; the ack carries the answer, and only the person who typed it sees it."""
        policy = self._policy()
        roles = frozenset(policy.catalogue.names) if policy else frozenset()
        line = read_line(str(body.get("text") or ""), Vocabulary(roles))
        message = self._answer(line, body, context["person"])
        if message is None:
            ack()
        else:
            ack(response_type="ephemeral", text=message.text, blocks=list(message.blocks))

    def _answer(self, line: Line, body: Body, person: Person) -> Message | None:
        match line:
            case Empty():
                return self._open(body, person, Draft(channel=channel_of(body)))
            case Whole():
                return self._ask(line, body, person)
            case Part(filled, notes):
                draft = _draft(filled, body)._replace(notes=tuple(noted(note) for note in notes))
                return self._open(body, person, self._forms.for_somebody_known(person, draft))
            case Extend() | Emergency():
                return self._at_once(line, body, person)
            case Incidents() | IncidentNamed() | IncidentOpened() | IncidentEnded() | IncidentUnclear():
                return self._incident(line, person)
            case _:
                return self._say(line, person)

    def _at_once(self, line: Extend | Emergency, body: Body, person: Person) -> Message:
        """What must not happen twice when Slack sends a line twice."""
        operation = f"command:{body.get('trigger_id')}"
        if isinstance(line, Emergency):
            return self._emergency(line.ask, operation, person)
        return self._extend(line, person, operation=operation)

    def _say(
        self,
        line: Mine | Waiting | Roles | End | Extend | Login | Logout | Help | Later | DidYouMean,
        person: Person,
    ) -> Message:
        match line:
            case Mine():
                return self.mine(person)
            case Waiting():
                return replies.say_waiting(self._desk.waiting(person.id), now=self._desk.now())
            case Roles(search):
                return replies.say_roles(self._desk.roles(person.id, search))
            case End() | Extend():
                return self._change(line, person)
            case Login() | Logout():
                return self._terminal(line, person)
            case _:
                return _say_word(line)

    def _emergency(self, ask: Whole | Part, operation: str, person: Person) -> Message:
        """Ask without waiting for a yes; where something is missing, nothing is asked and it is said."""
        if isinstance(ask, Part):
            return incidents.say_incomplete(" ".join(noted(note)(None) for note in ask.notes))
        holder = self._forms.linked(person, ask.for_user)
        if holder is None:
            return incidents.say_incomplete("Nobody is linked to that account.")
        wish = Wish(person.id, holder, ask.role, ask.duration, ask.reference, ask.reason, emergency=True)
        answer = self._desk.ask(wish, operation=operation)
        if isinstance(answer, Starting):
            token = self._forms.token_of(answer)
            return incidents.say_started(answer.view, now=self._desk.now(), token=token)
        return self._forms.worded(answer)

    def _incident(self, line: IncidentLine, person: Person) -> Message:
        verbs = self._desk.incidents
        match line:
            case Incidents():
                return incidents.say_incidents(verbs.listed())
            case IncidentNamed(name):
                return incidents.say_incident(verbs.show(name))
            case IncidentOpened(name, severity, title):
                return incidents.say_incident(verbs.open(person.id, name, title, severity))
            case IncidentEnded(name):
                return incidents.say_incident(verbs.end(person.id, name))
            case IncidentUnclear():
                return incidents.say_unclear()
            case _:
                assert_never(line)

    def _terminal(self, line: Login | Logout, person: Person) -> Message:
        """A login is shown before it is confirmed; logging out happens at once."""
        match line:
            case Login(""):
                return replies.say_code_missing()
            case Login(code):
                return replies.say_login(self._desk.logins.asked(code), now=self._desk.now())
            case Logout():
                return replies.say_login(self._desk.logins.end_all(person.id), now=self._desk.now())

    def answer_word(self, word: str, person: Person) -> Message:
        """What one of our words answers; anything else is met with the help."""
        line = read_line(word, Vocabulary(frozenset()))
        return self._say(line, person) if isinstance(line, _WORDS) else replies.say_help()

    def _open(self, body: Body, person: Person, draft: Draft) -> Message | None:
        """The form says it all; a message says why there is none."""
        return self._forms.open(body, person, draft)

    def _ask(self, line: Whole, body: Body, person: Person) -> Message | None:
        """A whole line is asked at once; what the form can put right opens it instead."""
        draft = _draft(Filled(line.for_user, line.role, line.duration, line.reference, line.reason), body)
        holder = self._forms.linked(person, line.for_user)
        if holder is None:
            return self._open(body, person, self._forms.for_somebody_known(person, draft))
        wish = Wish(person.id, holder, line.role, line.duration, line.reference, line.reason)
        answer = self._desk.ask(wish, operation=f"command:{body.get('trigger_id')}")
        if isinstance(answer, NotAllowed) and answer.decision.kind in MENDED_IN_THE_FORM:
            return self._open(body, person, draft._replace(notes=(about_refusal(answer),)))
        return self._forms.worded(answer)

    def mine(self, person: Person) -> Message:
        """What somebody holds and waits for, with a button for each."""
        shown = self._desk.mine(person.id)
        tokens = {view.request.id: self._desk.token(view.request) for view in shown}
        return replies.say_mine(shown, now=self._desk.now(), tokens=tokens)

    def _end(self, target: str | None, person: Person) -> Message:
        """End the one that is meant; with several, or none of that name, list what there is."""
        running = [view for view in self._desk.mine(person.id) if view.state in _RUNS]
        meant = running if target in {None, "all"} else [view for view in running if _is(view, target)]
        if not meant or (len(meant) > 1 and target != "all"):
            return self.mine(person)
        ended = [self._desk.end(person.id, view.request.id) for view in meant]
        return replies.say_click(ended[-1], now=self._desk.now(), token="")

    def _change(self, line: End | Extend, person: Person) -> Message:
        return self._end(line.target, person) if isinstance(line, End) else self._extend(line, person)

    def _extend(self, line: Extend, person: Person, *, operation: str | None = None) -> Message:
        """Let the one that is meant last longer; with several, or none of that name, list what there is."""
        running = [view for view in self._desk.mine(person.id) if view.state in _RUNS]
        meant = [view for view in running if line.target is None or _is(view, line.target)]
        if not running:
            return replies.say_nothing_held()
        if len(meant) != 1:
            return self.mine(person)
        wanted = meant[0].request.id
        answer = self._desk.extend(person.id, wanted, line.duration, operation=operation)
        return self._forms.worded_longer(answer)


def _say_word(line: Help | Later | DidYouMean) -> Message:
    match line:
        case Help():
            return replies.say_help()
        case Later(word, _):
            return replies.say_later(word.value)
        case DidYouMean(word):
            return replies.say_did_you_mean(word.value)
        case _:
            assert_never(line)


def _is(view: RequestView, target: str | None) -> bool:
    return target in {view.request.id, view.request.role}


def _draft(filled: Filled, body: Body) -> Draft:
    return Draft(
        channel=channel_of(body),
        for_user=filled.for_user,
        role=filled.role,
        duration=filled.duration,
        reason=filled.reason,
        reference=filled.reference or "",
    )
