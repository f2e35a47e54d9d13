"""`/requests` and `/end`: the verbs of the desk, with a line or a word as in Slack."""

import re
from collections.abc import Callable
from typing import Final

import falcon

from bot import answers
from bot.answers import AskAnswer, ClickAnswer
from bot.asking import Wish
from bot.desk import Desk
from bot.logging_in import LoggedIn
from bot.slack import replies
from bot.slack.blocks import escape
from bot.slack.line import Part, Vocabulary, Whole, read_line
from bot.slack.words import lists
from bot.views import CardState, RequestView
from bot.web import words
from bot.web.bodies import answer, read
from bot.web.callers import Callers
from bot.web.shapes import AskAccess, EndAccess, HeldRequest, Mine, Outcome
from policies.rules import Policy
from policies.values import PersonId, RequestId

_DONE: Final = (
    answers.Asked,
    answers.Starting,
    answers.AlreadyAsked,
    answers.AlreadyHeld,
    answers.Ending,
    answers.Withdrawn,
)
_AWAY: Final = (answers.LedgerAway, answers.NoRules)
_RUNS: Final = {CardState.STARTING, CardState.LIVE}
_ID: Final = re.compile(r"pa-[0-9a-z]+")
_CAPITAL: Final = re.compile(r"(?<!^)(?=[A-Z])")


class RequestsResource:
    """`GET` lists what somebody holds and waits for, `POST` asks."""

    def __init__(self, desk: Desk, policy: Callable[[], Policy | None], callers: Callers) -> None:
        self._desk = desk
        self._policy = policy
        self._callers = callers

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What somebody holds and waits for, newest first."""
        who = self._callers.person(req)
        now = self._desk.now()
        shown = (
            _held(view, words.plain_line(lists.mine(view, now))) for view in self._desk.mine(who.person.id)
        )
        answer(resp, Mine(requests=tuple(shown)))

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Ask with a line; what is not whole and certain is not asked."""
        who = self._callers.person(req)
        answer(resp, self._ask(who, read(req, AskAccess)))

    def _ask(self, who: LoggedIn, told: AskAccess) -> Outcome:
        policy = self._policy()
        roles = frozenset(policy.catalogue.names) if policy else frozenset()
        match read_line(escape(told.line), Vocabulary(roles)):
            case Whole(None, role, duration, reference, reason):
                wish = Wish(who.person.id, who.person.id, role, duration, reference, reason)
                asked = self._desk.ask(wish, operation=f"terminal:{who.login}:{told.operation}")
                said = replies.say_ask(asked, now=self._desk.now(), token="")
                return _outcome(asked, words.plain(said))
            case Part(filled, notes):
                return _undone("incomplete", words.not_asked(notes, filled.duration))
            case _:
                return _undone("incomplete", words.USAGE)


class EndResource:
    """`POST` ends what is named, or the one thing that runs."""

    def __init__(self, desk: Desk, callers: Callers) -> None:
        self._desk = desk
        self._callers = callers

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """End it now, or withdraw it while it waits."""
        who = self._callers.person(req)
        answer(resp, self._end(who.person.id, (read(req, EndAccess).target or "").lower()))

    def _end(self, person: PersonId, target: str) -> Outcome:
        if _ID.fullmatch(target):
            return self._ended(self._desk.end(person, RequestId(target)))
        mine = self._desk.mine(person)
        meant = _meant(mine, target)
        if not meant:
            return _undone("nothing_to_end", words.nothing_to_end(target))
        if len(meant) > 1 and target != "all":
            return _undone("several", words.end_which(meant))
        ended = [self._ended(self._desk.end(person, view.request.id)) for view in meant]
        return ended[-1].model_copy(update={"done": all(one.done for one in ended)})

    def _ended(self, ended: ClickAnswer) -> Outcome:
        said = replies.say_click(ended, now=self._desk.now(), token="")
        return _outcome(ended, words.plain(said))


def _meant(mine: tuple[RequestView, ...], target: str) -> tuple[RequestView, ...]:
    """What runs, unless one role is named: then also what waits for it."""
    if target in {"", "all"}:
        return tuple(view for view in mine if view.state in _RUNS)
    return tuple(view for view in mine if view.request.role == target)


def _outcome(answered: AskAnswer | ClickAnswer, message: str) -> Outcome:
    """What came of it; when nothing could be written or decided, that is an error.

    Raises:
        HTTPServiceUnavailable: the ledger is away, or no rules are in force.
    """
    if isinstance(answered, _AWAY):
        raise falcon.HTTPServiceUnavailable(description=message, retry_after=60)
    view: RequestView | None = getattr(answered, "view", None)
    word = _CAPITAL.sub("_", type(answered).__name__).lower()
    number = view.request.id if view else None
    return Outcome(done=isinstance(answered, _DONE), outcome=word, message=message, request=number)


def _undone(word: str, message: str) -> Outcome:
    return Outcome(done=False, outcome=word, message=message)


def _held(view: RequestView, line: str) -> HeldRequest:
    request = view.request
    return HeldRequest(
        id=request.id,
        state=view.state.value,
        role=request.role,
        beneficiary=view.beneficiary.id,
        places=tuple(f"{one.cloud} {one.place}" for one in view.clouds),
        asked_at=request.asked_at,
        ends_at=request.ends_at,
        line=line,
    )
