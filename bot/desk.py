"""The desk: every surface (Slack, a terminal, a pager) calls these few verbs and words their answers.

    ask ─▶ facts ─▶ decision ─▶ ledger            approve, deny, withdraw, end ─▶ ledger

Each verb is one transaction: it reads what is true, decides purely, writes, and answers with what came of
it. A lost race is read again, so that the answer is about what is true now. No verb calls a cloud or Slack.
"""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

import structlog

from bot import answers, deciding, extending
from bot.answers import AskAnswer, ClickAnswer, ExtendAnswer
from bot.asking import Asking, Wish
from bot.deciding import Click, Deciding
from bot.extending import Extending, OnExtension
from bot.incidents import Incidents
from bot.logging_in import Logins
from bot.offers import asking, asking_oneself, preview, role_line
from bot.reviewing import Reviews
from bot.transacting import transact
from bot.using import Using
from bot.views import RequestView, view
from policies.audit import Event
from policies.decision import Refuse
from policies.request import OPEN, AccessRequest, RequestState
from policies.rules import Policy
from policies.values import PersonId, RequestId, RoleName
from workers.around import facts_for
from workers.ending import Stopped, stop
from workers.ledger.errors import Away, Repeated, Stale
from workers.ledger.ledger import Ledger
from workers.ledger.reading import Reader
from workers.ledger.writing import Writing

log = structlog.get_logger(__name__)

ID_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""What request ids are made of: no 0 and o, no 1, l and i."""
_TRIES: Final = 6

Answer = TypeVar("Answer")

Source = Callable[[], Policy | None]
"""The policy in force now, or None when there is none."""


class Desk:
    """Asks and answers, over the ledger and the policy in force."""

    def __init__(
        self, ledger: Ledger, policy: Source, look_up: Callable[[RoleName], None] = lambda _role: None
    ) -> None:
        """`look_up` brings up to date who is on call, as far as the rules about a role look at it."""
        self._ledger = ledger
        self._policy = policy
        self._look_up = look_up
        self.logins = Logins(ledger, policy)
        self.using = Using(ledger)
        self.incidents = Incidents(ledger, policy)
        self.reviews = Reviews(ledger, policy)

    def ask(self, wish: Wish, *, operation: str | None = None) -> AskAnswer:
        """Put a request into the ledger, or say why not; the same operation twice has one effect."""
        policy = self._policy()
        if policy is None:
            return answers.NoRules()
        for _ in range(_TRIES):
            try:
                self._look_up(wish.role)
                return self._ask(wish, policy, operation)
            except Repeated as repeated:
                return self._asked_before(RequestId(repeated.outcome), policy, wish)
            except Stale:
                continue  # an id was taken, or the same person asked twice at once: look again
            except Away:
                return answers.LedgerAway()
        return answers.LedgerAway()

    def _ask(self, wish: Wish, policy: Policy, operation: str | None) -> AskAnswer:
        number = _new_id()
        with self._ledger.writing(operation, outcome=number) as writing:
            return Asking(writing, policy, wish, number).answer()

    def _asked_before(self, number: RequestId, policy: Policy, wish: Wish) -> AskAnswer:
        with self._ledger.reading() as reader:
            found = reader.request(number)
            if found is None:
                return self.ask(wish)
            return answers.AlreadyAsked(view(reader, policy, found), found.duration)

    def approve(self, click: Click) -> ClickAnswer:
        """Count somebody's yes; with the last one the grants are planned."""
        return self._decide(click, deciding.approve)

    def deny(self, click: Click, note: str) -> ClickAnswer:
        """Deny a request, with the reason that the requester will read."""
        return self._decide(click, partial(deciding.deny, note=note))

    def _decide(self, click: Click, verb: Callable[[Deciding], ClickAnswer]) -> ClickAnswer:
        def work(writing: Writing, policy: Policy) -> ClickAnswer:
            found = deciding.on_card(writing, policy, click)
            return verb(found) if isinstance(found, Deciding) else found

        return self._transact(work)

    def withdraw(self, person: PersonId, request: RequestId) -> ClickAnswer:
        """Take back a request that waits; what runs already is ended instead."""
        return self.end(person, request)

    def end(self, person: PersonId, request: RequestId) -> ClickAnswer:
        """End what runs, or withdraw what waits."""

        def work(writing: Writing, policy: Policy) -> ClickAnswer:
            found = writing.request(request)
            if found is None:
                return answers.NothingToEnd(None)
            return deciding.end(writing, policy, person, found)

        return self._transact(work)

    def end_as_operator(self, operator: str, request: RequestId) -> Stopped:
        """End or withdraw whatever it is, for somebody with a terminal on our machine; their name is kept.

        LedgerError when it cannot be written.
        """

        def work(writing: Writing) -> Stopped:
            found = writing.request(request)
            return stop(writing, PersonId(f"operator:{operator}"), found) if found else Stopped.UNKNOWN

        return self._ledger.retrying(work)

    def extend(
        self,
        person: PersonId,
        request: RequestId,
        by: timedelta | None,
        *,
        operation: str | None = None,
    ) -> ExtendAnswer:
        """Let what somebody holds last longer, at once or after a yes; None: the ordinary half hour.

        The same operation twice has one effect.
        """

        def work(writing: Writing, policy: Policy) -> ExtendAnswer:
            found = writing.request(request)
            if found is None:
                return answers.NothingToExtend(None)
            wanted = Extending(writing, policy, person, found)
            return extending.once(wanted, by, operation) if operation else extending.extend(wanted, by)

        return self._transact(work)

    def extend_by_token(self, click: Click) -> ExtendAnswer:
        """Let the request that a button's token stands for last longer; a button works once."""
        with self._ledger.reading() as reader:
            token = reader.token(click.token)
        if token is None:
            return answers.NothingToExtend(None)
        return self.extend(click.person, token.request, None, operation=f"extend:{click.token}")

    def approve_longer(self, click: Click) -> ClickAnswer:
        """Count somebody's yes to a longer time; with the last one the clouds are told."""
        return self._decide_longer(click, extending.approve)

    def deny_longer(self, click: Click, note: str) -> ClickAnswer:
        """Deny a longer time, with the reason that the holder will read."""
        return self._decide_longer(click, partial(extending.deny, note=note))

    def _decide_longer(self, click: Click, verb: Callable[[OnExtension], ClickAnswer]) -> ClickAnswer:
        def work(writing: Writing, policy: Policy) -> ClickAnswer:
            found = extending.on_extension(writing, policy, click)
            return verb(found) if isinstance(found, OnExtension) else found

        return self._transact(work)

    def would_decide_longer(self, click: Click) -> ClickAnswer | None:
        """Why this person cannot decide the longer time the click is on; None when they can."""

        def work(writing: Writing, policy: Policy) -> ClickAnswer | None:
            found = extending.on_extension(writing, policy, click)
            return extending.refusal(found) if isinstance(found, OnExtension) else found

        return self._transact(work)

    def change(self, person: PersonId, request: RequestId, duration: timedelta) -> AskAnswer | ClickAnswer:
        """Ask anew for another duration: the waiting request is withdrawn, and its yeses with it.

        What the rules would refuse changes nothing.
        """
        with self._ledger.reading() as reader:
            before = reader.request(request)
            reason = reader.text(before.reason) if before else None
        if before is None or reason is None:
            return answers.NothingToEnd(None)
        if before.state is not RequestState.PENDING:
            return self.end_nothing(before)
        wish = Wish(before.requester, before.beneficiary, before.role, duration, before.reference, reason)
        expected = self.preview(wish)
        if expected is not None and isinstance(expected.decision, Refuse):
            return answers.NotAllowed(before.role, expected.decision)
        gone = self.end(person, request)
        return self.ask(wish) if isinstance(gone, answers.Withdrawn) else gone

    def end_nothing(self, request: AccessRequest) -> ClickAnswer:
        """What to say of a request that cannot be changed any more."""
        return self._transact(lambda writing, policy: answers.AlreadyDecided(view(writing, policy, request)))

    def turned_away(self, user: str, why: str) -> None:
        """Write down that somebody whom the gate did not let in tried something; nothing else happens."""
        event = Event("stranger.refused", self._ledger.now(), {"slack": user, "why": why})
        try:
            self._ledger.retrying(lambda writing: writing.record([event]))
        except (Away, Stale):
            log.warning("stranger_not_written_down", user=user, why=why)

    def now(self) -> datetime:
        """The clock that everything here goes by."""
        return self._ledger.now()

    def would_decide(self, click: Click) -> ClickAnswer | None:
        """Why this person cannot decide what the click is on; None when they can."""

        def work(writing: Writing, policy: Policy) -> ClickAnswer | None:
            found = deciding.on_card(writing, policy, click)
            return deciding.refusal(found) if isinstance(found, Deciding) else found

        return self._transact(work)

    def by_token(self, token: str) -> RequestView | None:
        """The request that a token stands for, or None for one we never made."""
        with self._ledger.reading() as reader:
            known = reader.token(token)
            found = reader.request(known.request) if known else None
            policy = self._policy()
            return view(reader, policy, found) if found and policy else None

    def token(self, request: AccessRequest) -> str:
        """What a button about a request carries."""
        return self._ledger.retrying(lambda writing: writing.token_for(request.id, request.version))

    def end_by_token(self, click: Click) -> ClickAnswer:
        """End or withdraw the request that a button's token stands for."""
        with self._ledger.reading() as reader:
            token = reader.token(click.token)
        if token is None:
            return answers.UnknownCard()
        return self.end(click.person, token.request)

    def mine(self, person: PersonId) -> tuple[RequestView, ...]:
        """What somebody holds or waits for, newest first."""
        return self._views(lambda reader: reader.requests(states=OPEN, person=person))

    def waiting(self, person: PersonId) -> tuple[RequestView, ...]:
        """The requests that this person's yes would count for, oldest first."""
        found = self._views(lambda reader: reader.requests(states=[RequestState.PENDING])[::-1])
        return tuple(one for one in found if person in {asked.id for asked in one.asked})

    def _views(self, find: Callable[[Reader], tuple[AccessRequest, ...]]) -> tuple[RequestView, ...]:
        policy = self._policy()
        if policy is None:
            return ()
        now = self._ledger.now()
        with self._ledger.reading() as reader:
            return tuple(view(reader, policy, request, now=now) for request in find(reader))

    def roles(self, person: PersonId, search: str = "") -> tuple[answers.RoleLine, ...]:
        """The roles there are, as this person may have them now."""
        policy = self._policy()
        if policy is None:
            return ()
        with self._ledger.reading() as reader:
            return self._roles(reader, policy, person, search)

    def _roles(
        self, reader: Reader, policy: Policy, person: PersonId, search: str
    ) -> tuple[answers.RoleLine, ...]:
        wanted = search.lower().split()
        facts = partial(facts_for, reader, policy, now=self.now())
        return tuple(
            role_line(role, person, facts(asking_oneself(role, person)), policy)
            for role in policy.catalogue.roles
            if all(word in f"{role.name} {role.title}".lower() for word in wanted)
        )

    def preview(self, wish: Wish) -> answers.Preview | None:
        """What would come of a wish, for a form; None when there is no such role or no policy."""
        policy = self._policy()
        role = policy.catalogue.get(wish.role) if policy else None
        if policy is None or role is None:
            return None
        with self._ledger.reading() as reader:
            facts = facts_for(reader, policy, asking(wish, role), self.now())
        return preview(wish, role, policy, facts)

    def _transact(
        self, work: Callable[[Writing, Policy], Answer]
    ) -> Answer | answers.NoRules | answers.LedgerAway:
        return transact(self._ledger, self._policy(), work)


def _new_id() -> RequestId:
    return RequestId("pa-" + "".join(secrets.choice(ID_LETTERS) for _ in range(4)))
