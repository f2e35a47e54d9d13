"""The grammar of `/prod-access …`: text and a vocabulary go in, one of a closed set of values comes out.

    words        the text, cleaned and split; how each word looks when it is compared
    head         person, role, duration and reference, in any order
    roles, times, references, people, secrets
                 how each of them is recognised
    reader       `read_line`: a command word, a whole ask, or the part that was understood;
                 `read_message`: what somebody's message says of why
    writer       `write_line`: a whole ask as the line that says it

No Slack, no clock, no policy. A line that is complete and certain is `Whole`; a command is its own value;
everything else is a `Part`, which carries what is missing as notes and never a guess towards more access.
"""

from bot.slack.line.reader import holds_secret, read_line, read_message
from bot.slack.line.values import (
    LONGEST_REASON,
    ChooseDuration,
    Command,
    DidYouMean,
    DurationHasNoUnit,
    Emergency,
    Empty,
    End,
    Extend,
    Filled,
    GroupMention,
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
    Note,
    Part,
    PersonUnknown,
    ReasonMentionsDuration,
    ReasonMissing,
    ReasonTooLong,
    RoleMissing,
    Roles,
    RoleUnknown,
    SecondRole,
    SecretInReason,
    Vocabulary,
    Waiting,
    Whole,
)
from bot.slack.line.writer import write_line

__all__ = [
    "LONGEST_REASON",
    "ChooseDuration",
    "Command",
    "DidYouMean",
    "DurationHasNoUnit",
    "Emergency",
    "Empty",
    "End",
    "Extend",
    "Filled",
    "GroupMention",
    "Help",
    "IncidentEnded",
    "IncidentLine",
    "IncidentNamed",
    "IncidentOpened",
    "IncidentUnclear",
    "Incidents",
    "Later",
    "Line",
    "Login",
    "Logout",
    "Mine",
    "Note",
    "Part",
    "PersonUnknown",
    "ReasonMentionsDuration",
    "ReasonMissing",
    "ReasonTooLong",
    "RoleMissing",
    "RoleUnknown",
    "Roles",
    "SecondRole",
    "SecretInReason",
    "Vocabulary",
    "Waiting",
    "Whole",
    "holds_secret",
    "read_line",
    "read_message",
    "write_line",
]
