"""What a line can mean: a closed set of frozen values, matched exhaustively by whoever answers."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from policies.values import IncidentId, RoleName

LONGEST_REASON = 2_000
"""The most characters a reason is stored with."""


class Command(StrEnum):
    """A first word that is one of ours."""

    MINE = "mine"
    WAITING = "waiting"
    ROLES = "roles"
    END = "end"
    HELP = "help"
    LOGIN = "login"
    LOGOUT = "logout"
    WHY = "why"
    EXTEND = "extend"
    EMERGENCY = "emergency"
    INCIDENT = "incident"


COMMANDS_SO_FAR = frozenset(
    {
        Command.MINE,
        Command.WAITING,
        Command.ROLES,
        Command.EXTEND,
        Command.END,
        Command.HELP,
        Command.LOGIN,
        Command.LOGOUT,
        Command.EMERGENCY,
        Command.INCIDENT,
    }
)
"""The commands that have an answer already."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the words of a line are compared with: the roles there are, and the commands so far."""

    roles: frozenset[RoleName]
    commands: frozenset[Command] = COMMANDS_SO_FAR


@dataclass(frozen=True, slots=True)
class RoleMissing:
    """No word of the head is a role, nor near one."""


@dataclass(frozen=True, slots=True)
class RoleUnknown:
    """A word stands where a role belongs; a single closest one is selected, two or more are only named."""

    typed: str
    closest: tuple[RoleName, ...]


@dataclass(frozen=True, slots=True)
class SecondRole:
    """The head names another role besides the first."""

    name: RoleName


@dataclass(frozen=True, slots=True)
class GroupMention:
    """The ask is for a group, or for more than one person."""


@dataclass(frozen=True, slots=True)
class PersonUnknown:
    """The ask is for an `@name` that Slack did not turn into a person."""

    typed: str


@dataclass(frozen=True, slots=True)
class DurationHasNoUnit:
    """A bare number stands where a duration belongs."""

    typed: str


@dataclass(frozen=True, slots=True)
class ChooseDuration:
    """Two durations, or a moment such as `until 15:30` or `tonight`."""

    typed: str


@dataclass(frozen=True, slots=True)
class ReasonMissing:
    """Nothing after the head says why."""


@dataclass(frozen=True, slots=True)
class ReasonMentionsDuration:
    """The head has no duration, but the reason speaks of one."""

    text: str


@dataclass(frozen=True, slots=True)
class ReasonTooLong:
    """The reason is longer than can be stored; the form holds its beginning."""

    length: int


@dataclass(frozen=True, slots=True)
class SecretInReason:
    """The line looked as if it held a key; nothing from there on was kept, nor any reason."""


Note: TypeAlias = (
    RoleMissing
    | RoleUnknown
    | SecondRole
    | GroupMention
    | PersonUnknown
    | DurationHasNoUnit
    | ChooseDuration
    | ReasonMissing
    | ReasonMentionsDuration
    | ReasonTooLong
    | SecretInReason
)
"""Why the form opens, as data; the words for it are written elsewhere."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What the form is filled with."""

    for_user: str | None = None
    role: RoleName | None = None
    duration: timedelta | None = None
    reference: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """A complete and certain ask; no duration means the role's default."""

    for_user: str | None
    role: RoleName
    duration: timedelta | None
    reference: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """An ask that the form completes; there is always at least one note, the most pressing first."""

    filled: Filled
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing was typed."""


@dataclass(frozen=True, slots=True)
class Mine:
    """What do I hold?"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for me?"""


@dataclass(frozen=True, slots=True)
class Roles:
    """Which roles are there? An empty search means all."""

    search: str


@dataclass(frozen=True, slots=True)
class End:
    """End what I hold: a request id, a role, `all`, words that are none of these, or no target at all."""

    target: str | None


@dataclass(frozen=True, slots=True)
class Extend:
    """Let what I hold last longer: a target as of `End`, and by how much; neither has to be said."""

    target: str | None
    duration: timedelta | None


@dataclass(frozen=True, slots=True)
class Help:
    """How does this work?"""


@dataclass(frozen=True, slots=True)
class Login:
    """A terminal shows this code and waits; no code means that it was forgotten."""

    code: str


@dataclass(frozen=True, slots=True)
class Logout:
    """Log every terminal of mine out."""


@dataclass(frozen=True, slots=True)
class Emergency:
    """An ask that cannot wait for a yes."""

    ask: Whole | Part


@dataclass(frozen=True, slots=True)
class Incidents:
    """Which incidents go on?"""


@dataclass(frozen=True, slots=True)
class IncidentNamed:
    """How does this incident stand? The name is in capitals."""

    name: IncidentId


@dataclass(frozen=True, slots=True)
class IncidentOpened:
    """Something is broken: what, and how badly where that was said."""

    name: IncidentId
    severity: str | None
    title: str


@dataclass(frozen=True, slots=True)
class IncidentEnded:
    """End all access that hangs on this incident."""

    name: IncidentId


@dataclass(frozen=True, slots=True)
class IncidentUnclear:
    """The words after `incident` are none of these."""


IncidentLine: TypeAlias = Incidents | IncidentNamed | IncidentOpened | IncidentEnded | IncidentUnclear


@dataclass(frozen=True, slots=True)
class Later:
    """A command without an answer yet; `rest` is as Slack sent it, so that it can be read in its turn."""

    word: Command
    rest: str


@dataclass(frozen=True, slots=True)
class DidYouMean:
    """The line is nothing but a word near one of ours."""

    word: Command


Line: TypeAlias = (
    Empty
    | Whole
    | Part
    | Mine
    | Waiting
    | Roles
    | End
    | Extend
    | Help
    | Login
    | Logout
    | Emergency
    | IncidentLine
    | Later
    | DidYouMean
)
"""Everything a line can be."""
