"""What the desk answers, as values: a surface puts them in words, and has to handle every one."""

from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from bot.views import PersonView, RequestView
from policies.approval import ApprovalSlot
from policies.decision import AskSomeone, Refuse
from policies.values import CloudName, RoleName


class Asked(NamedTuple):
    """The request stands in the ledger and waits for somebody's yes."""

    view: RequestView
    decision: AskSomeone
    defaulted: bool


class Starting(NamedTuple):
    """Nobody needed to be asked; it starts now."""

    view: RequestView
    why: str
    defaulted: bool


class AlreadyAsked(NamedTuple):
    """The same person waits for the same role already; nothing new was sent."""

    view: RequestView
    wanted: timedelta


class AlreadyHeld(NamedTuple):
    """The person holds the role already."""

    view: RequestView


class NotAllowed(NamedTuple):
    """The rules say no; nothing was written but the refusal itself."""

    role: RoleName
    decision: Refuse


class NoIdentity(NamedTuple):
    """The person has no account in a cloud that the role is in."""

    person: PersonView
    cloud: CloudName


class NoRules(NamedTuple):
    """There is no policy to decide by: its files were never right."""


class Frozen(NamedTuple):
    """An operator stopped new access; what is live still ends on time."""

    since: datetime


class LedgerAway(NamedTuple):
    """The ledger cannot be written, so nothing was done."""


AskAnswer: TypeAlias = (
    Asked | Starting | AlreadyAsked | AlreadyHeld | NotAllowed | NoIdentity | NoRules | Frozen | LedgerAway
)


class Approved(NamedTuple):
    """That was the last yes; it starts now."""

    view: RequestView


class Counted(NamedTuple):
    """The yes is in; more are needed."""

    view: RequestView


class Denied(NamedTuple):
    """The request was denied."""

    view: RequestView


class Withdrawn(NamedTuple):
    """The request was taken back before anything was given."""

    view: RequestView


class Ending(NamedTuple):
    """The access ends now."""

    view: RequestView


class OwnRequest(NamedTuple):
    """A yes to one's own request, from whichever account, does not count."""

    view: RequestView


class NotAnApprover(NamedTuple):
    """Somebody else decides this."""

    view: RequestView


class AlreadyCounted(NamedTuple):
    """This person's yes is in already."""

    view: RequestView
    missing: tuple[ApprovalSlot, ...]


class AlreadyDecided(NamedTuple):
    """Somebody decided it first."""

    view: RequestView


class StaleCard(NamedTuple):
    """The card shows an older version of the request."""

    view: RequestView
    changed_at: datetime | None


class RulesChanged(NamedTuple):
    """The rules changed since it was asked: the card is drawn again, and the yeses so far are void."""

    view: RequestView


class MayNotEnd(NamedTuple):
    """Only some people can end or withdraw this."""

    view: RequestView


class NothingToEnd(NamedTuple):
    """It is over, or was never there."""

    view: RequestView | None


class NothingToDecide(NamedTuple):
    """The longer time was decided, withdrawn or overtaken by the end."""

    view: RequestView


class UnknownCard(NamedTuple):
    """The click carries nothing we ever made."""


ClickAnswer: TypeAlias = (
    Approved
    | Counted
    | Denied
    | Withdrawn
    | Ending
    | OwnRequest
    | NotAnApprover
    | AlreadyCounted
    | AlreadyDecided
    | StaleCard
    | RulesChanged
    | NotAllowed
    | MayNotEnd
    | NothingToEnd
    | NothingToDecide
    | NoIdentity
    | UnknownCard
    | NoRules
    | Frozen
    | LedgerAway
)


class Extended(NamedTuple):
    """Nobody needed to be asked: the clouds are told now."""

    view: RequestView
    adding: timedelta


class AskedLonger(NamedTuple):
    """The longer time waits for somebody's yes."""

    view: RequestView
    adding: timedelta


class AlreadyExtending(NamedTuple):
    """More time was asked for already."""

    view: RequestView


class NoLonger(NamedTuple):
    """It is as long as it may be."""

    view: RequestView


class NotLonger(NamedTuple):
    """The rules do not allow so much."""

    view: RequestView
    decision: Refuse


class MayNotExtend(NamedTuple):
    """Only whoever asked for it or holds it can want more time."""

    view: RequestView


class NothingToExtend(NamedTuple):
    """It is not live, or so near its end that nothing can be moved any more."""

    view: RequestView | None


ExtendAnswer: TypeAlias = (
    Extended
    | AskedLonger
    | AlreadyExtending
    | NoLonger
    | NotLonger
    | MayNotExtend
    | NothingToExtend
    | NoRules
    | Frozen
    | LedgerAway
)


class RoleLine(NamedTuple):
    """One role as somebody may have it now; `refusal` is None when they may."""

    name: RoleName
    title: str
    risk: str
    longest: timedelta | None
    asks: tuple[str, ...]
    refusal: str | None


class Preview(NamedTuple):
    """What a form says before it is sent."""

    decision: AskSomeone | Refuse | None
    """None: nobody needs to be asked."""
    asked: tuple[PersonView, ...]
    groups: tuple[str, ...]
    why: str
    choices: tuple[timedelta, ...]
    default: timedelta | None
