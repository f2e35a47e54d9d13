"""Requests as people are shown them, one for each face of a card, with UX's own cast and times."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.models.blocks import Block as SlackBlock
from slackblocks._limits import MESSAGE_BLOCKS_MAX_ITEMS

from bot.slack.blocks import Message, spoken
from bot.views import CardState, CloudNo, CloudView, GroupView, PersonView, RequestView, YesView, card_state
from policies.approval import ApprovalSlot
from policies.catalogue import Risk
from policies.grant import EndCause, Grant, GrantState
from policies.request import AccessRequest, RequestState, Terms
from policies.values import CloudName, GrantId, GroupName, HoldingKey, PersonId, RequestId, RoleName, RuleId
from sandbox.slack.block_rules import problems_of_message
from sandbox.slack.limits import UPDATE_TEXT_MAX
from tests.builders import LEASE, grant, request

NOW = datetime(2026, 11, 24, 14, 2, 11, tzinfo=UTC)
TOKEN = "tok-1"
REASON = "replication lag"

ANA = PersonView(PersonId("ana"), "Ana Ruiz", "engineer", "U0ANA")
BEN = PersonView(PersonId("ben"), "Ben Okafor", "database on-call", "U0BEN")
CHLOE = PersonView(PersonId("chloe"), "Chloe Martin", "platform on-call", "U0CHLOE")
DEV = PersonView(PersonId("dev"), "Dev Patel", "incident commander", "U0DEV")
EMI = PersonView(PersonId("emi"), "Emi Sato", "security", "U0EMI")
IVY = PersonView(PersonId("ivy"), "Ivy Chen", "payments on-call", "U0IVY")
DATABASE = GroupView(GroupName("db-oncall"), "database on-call")
SECURITY = GroupView(GroupName("security"), "security")
PLATFORM = GroupView(GroupName("platform-oncall"), "platform on-call")


def clock(text: str) -> datetime:
    """The moment of that day: `14:03` or `14:03:20`."""
    hours, minutes, *seconds = (int(part) for part in text.split(":"))
    return NOW.replace(hour=hours, minute=minutes, second=seconds[0] if seconds else 0)


def ask(**changes: object) -> AccessRequest:
    """Ana's request of 14:02:11, `pa-7k3m`."""
    terms = Terms(
        rule=RuleId("engineers-read"),
        policy_hash="3fa9c1" + "0" * 58,
        slots=(ApprovalSlot(groups=(GroupName("db-oncall"),), count=1),),
        answer_within=timedelta(minutes=30),
    )
    defaults: dict[str, object] = {
        "id": RequestId("pa-7k3m"),
        "reference": "INC-42",
        "terms": terms,
        "asked_at": NOW,
        "due_at": NOW + timedelta(minutes=30),
    }
    return request(1, **{**defaults, **changes})


def shown(asked: AccessRequest, clouds: Sequence[CloudView] = (), /, **changes: object) -> RequestView:
    """A request as it is shown; its face follows from its state and its grants."""
    grants = tuple(one.grant for one in clouds if one.grant)
    view = RequestView(
        request=asked,
        state=card_state(asked, grants),
        requester=ANA,
        beneficiary=ANA,
        role_title="Read production databases",
        reads_only=True,
        risk=asked.risk,
        reason=REASON,
        note=None,
        clouds=tuple(clouds),
        yeses=(),
        missing=1,
        needed=1,
        asked=(),
        groups=(),
        decided_by=None,
        ended_by=next((PEOPLE[one.ended_by] for one in grants if one.ended_by), None),
        cause=next((one.cause for one in grants if one.cause), None),
        nobody_else_can=False,
    )
    return changed(view, changes)


def changed(view: RequestView, changes: Mapping[str, Any]) -> RequestView:
    """The view with something else in it."""
    return view._replace(**changes)


PEOPLE = {person.id: person for person in (ANA, BEN, CHLOE, DEV, EMI, IVY)}


def cloud(held: Grant | None = None, place: str = "shop-prod", **changes: object) -> CloudView:
    """An account of AWS, with Ana's grant in it where there is one."""
    lease = LEASE.model_copy(update={"alias": place})
    made = held.model_copy(update=changes) if held else None
    return CloudView(CloudName("aws"), place, made, lease if held else None, "rds describe-db-instances")


def held(number: int = 1, **changes: object) -> Grant:
    """A grant of `pa-7k3m`, from 14:03:20 to 15:03:20."""
    role = "arn:aws:iam::111122223333:role/prod-access/prod-db-readonly-7k3m"
    defaults: dict[str, object] = {
        "id": GrantId(f"pa-7k3m-{number}"),
        "request": RequestId("pa-7k3m"),
        "holding": HoldingKey(role),
        "starts_at": clock("14:03:20"),
        "ends_at": clock("15:03:20"),
        "due_at": clock("14:03:20"),
    }
    return grant(1, **{**defaults, **changes})


def waiting(**changes: object) -> RequestView:
    """Ben has not answered yet."""
    defaults = {"asked": (BEN,), "groups": (DATABASE,)}
    return shown(ask(), [cloud()], **{**defaults, **changes})


def one_of_two(**changes: object) -> RequestView:
    """Ben has said yes, Emi has not yet."""
    asked = ask(
        id=RequestId("pa-9d2x"),
        role=RoleName("prod-db-write"),
        risk=Risk.HIGH,
        duration=timedelta(minutes=30),
    )
    defaults = {
        "role_title": "Change production data",
        "reads_only": False,
        "yeses": (YesView(BEN, clock("14:03")),),
        "asked": (EMI,),
        "groups": (SECURITY,),
        "needed": 2,
    }
    return shown(asked, [cloud()], **{**defaults, **changes})


def on_behalf(**changes: object) -> RequestView:
    """Dev has asked for Ivy."""
    asked = ask(
        requester=DEV.id,
        beneficiary=IVY.id,
        role=RoleName("prod-operator"),
        risk=Risk.HIGH,
        duration=timedelta(minutes=30),
    )
    defaults = {
        "requester": DEV,
        "beneficiary": IVY,
        "reads_only": False,
        "role_title": "Restart and scale production services",
        "asked": (CHLOE,),
        "groups": (PLATFORM,),
    }
    return shown(asked, [cloud()], **{**defaults, **changes})


def nobody_can(**changes: object) -> RequestView:
    """Nobody but Ana could answer."""
    return waiting(**{"asked": (), "nobody_else_can": True, **changes})


def approved(state: RequestState = RequestState.APPROVED, **changes: object) -> AccessRequest:
    """Ana's request after Ben's yes of 14:03:20."""
    decided = {"decided_by": BEN.id, "decided_at": clock("14:03:20"), "ends_at": clock("15:03:20")}
    return ask(**{"state": state, "due_at": None, **decided, **changes})


def given(asked: AccessRequest, clouds: Sequence[CloudView], /, **changes: object) -> RequestView:
    """What Ben said yes to."""
    said_yes = {"yeses": (YesView(BEN, clock("14:03:20")),), "missing": 0, "decided_by": BEN}
    return shown(asked, clouds, **{**said_yes, **changes})


def starting(**changes: object) -> RequestView:
    """AWS has not shown it yet."""
    return given(approved(), [cloud(held(1, state=GrantState.GRANTING))], **changes)


LIVE = {"state": GrantState.LIVE, "live_at": clock("14:03:22"), "due_at": clock("15:03:20")}


def live(**changes: object) -> RequestView:
    """Live everywhere."""
    return given(approved(RequestState.ACTIVE), [cloud(held(1, **LIVE))], **changes)


def at_once(**changes: object) -> RequestView:
    """Live, and nobody had to be asked."""
    asked = approved(RequestState.ACTIVE, decided_by=None)
    nobody = {"yeses": (), "missing": 0, "needed": 0, "decided_by": None}
    return given(asked, [cloud(held(1, **LIVE))], **{**nobody, **changes})


def half_live(**changes: object) -> RequestView:
    """Live in one account of two."""
    clouds = [cloud(held(1, **LIVE)), cloud(held(2, state=GrantState.GRANTING), "tideline")]
    return given(approved(), clouds, **changes)


ENDING = {**LIVE, "state": GrantState.ENDING, "ending_at": clock("15:03:20"), "cause": EndCause.ON_TIME}


def ending(**changes: object) -> RequestView:
    """Its time is over; AWS has not confirmed it."""
    return given(approved(RequestState.ACTIVE), [cloud(held(1, **ENDING))], **changes)


def stuck(**changes: object) -> RequestView:
    """AWS does not answer."""
    late = {"stuck_at": clock("15:08:20"), "tries": 14, "due_at": clock("15:22"), "problem": None}
    return given(approved(RequestState.ACTIVE), [cloud(held(1, **{**ENDING, **late}))], **changes)


GONE = {**ENDING, "state": GrantState.GONE, "gone_at": clock("15:03:23"), "due_at": clock("15:04:53")}


def ended(**changes: object) -> RequestView:
    """Over in time, by a read."""
    asked = approved(RequestState.ENDED, ended_at=clock("15:03:23"))
    return given(asked, [cloud(held(1, **GONE))], **changes)


def ended_early(by: PersonView = DEV, **changes: object) -> RequestView:
    """Somebody ended it at 14:40."""
    cause = EndCause.BY_HOLDER if by is ANA else EndCause.BY_OTHER
    early = {"ending_at": clock("14:40:05"), "gone_at": clock("14:40:08"), "cause": cause, "ended_by": by.id}
    asked = approved(RequestState.ENDED, ended_at=clock("14:40:08"))
    return given(asked, [cloud(held(1, **{**GONE, **early}))], **changes)


def found_again(**changes: object) -> RequestView:
    """It was gone, and then a create came late."""
    late = {"state": GrantState.ENDING, "cause": EndCause.LATE_CREATE, "ending_at": clock("15:04:53")}
    asked = approved(RequestState.ENDED, ended_at=clock("15:03:23"))
    return given(asked, [cloud(held(1, **{**GONE, **late, "gone_at": None}))], **changes)


def denied(**changes: object) -> RequestView:
    """Ben has said no."""
    asked = ask(state=RequestState.REFUSED, decided_by=BEN.id, decided_at=clock("14:04"), note="ref")
    said_no = {"note": "replica is being rebuilt, try at 16:00", "decided_by": BEN, "groups": (DATABASE,)}
    return shown(asked, [cloud()], **{**said_no, **changes})


def withdrawn(**changes: object) -> RequestView:
    """Ana no longer wants it."""
    asked = ask(state=RequestState.WITHDRAWN, decided_by=ANA.id, decided_at=clock("14:05"))
    return shown(asked, [cloud()], **{"decided_by": ANA, **changes})


def lapsed(**changes: object) -> RequestView:
    """Nobody has answered."""
    return shown(ask(state=RequestState.LAPSED, decided_at=clock("14:32:11")), [cloud()], **changes)


NEVER_LIVE = {
    "state": GrantState.GONE,
    "cause": EndCause.ROLLED_BACK,
    "ending_at": clock("14:04:08"),
    "gone_at": clock("14:04:10"),
}


def rolled_back(**changes: object) -> RequestView:
    """AWS has said no."""
    asked = approved(RequestState.FAILED, ended_at=clock("14:04:08"))
    no = CloudNo(CloudName("aws"), "LimitExceeded")
    return given(asked, [cloud(held(1, **NEVER_LIVE))], **{"cloud_no": no, **changes})


def overruled(**changes: object) -> RequestView:
    """The rules have said no after Ben's yes."""
    asked = approved(RequestState.REFUSED, ended_at=clock("14:04:08"))
    return given(asked, [cloud(held(1, **{**NEVER_LIVE, "cause": EndCause.OVERRULED}))], **changes)


FACES = {
    CardState.WAITING: waiting,
    CardState.STARTING: starting,
    CardState.LIVE: live,
    CardState.ENDING: ending,
    CardState.STUCK: stuck,
    CardState.ENDED: ended,
    CardState.DENIED: denied,
    CardState.WITHDRAWN: withdrawn,
    CardState.LAPSED: lapsed,
    CardState.NOT_GIVEN: rolled_back,
}
"""One view for every face of a card."""

ALL = {
    "waiting": waiting,
    "one of two": one_of_two,
    "on behalf": on_behalf,
    "nobody can": nobody_can,
    "starting": starting,
    "half live": half_live,
    "live": live,
    "at once": at_once,
    "ending": ending,
    "stuck": stuck,
    "ended": ended,
    "ended early": ended_early,
    "found again": found_again,
    "denied": denied,
    "withdrawn": withdrawn,
    "lapsed": lapsed,
    "rolled back": rolled_back,
    "overruled": overruled,
}
"""Every situation a request can be shown in."""


_MOMENT = re.compile(r"<!date\^\d+\^[^|]*\|([^>]*) UTC>")


def read(message: Message) -> list[str]:
    """A message as UX.md draws it: `{15:03}` for a time, `> ` a quote, `· ` small print, `[x]` a button."""
    return [line for block in message.blocks for line in _lines(block)]


def _lines(block: Mapping[str, Any]) -> list[str]:
    match block["type"]:
        case "section":
            fields = [_text(field) for field in block.get("fields", ())]
            line = " │ ".join([*([_text(block["text"])] if "text" in block else []), *fields])
            pressed = f" {_pressed(block['accessory'])}" if "accessory" in block else ""
            return [line + pressed]
        case "context":
            return [f"· {_text(block['elements'][0])}"]
        case "actions":
            return [" ".join(_pressed(element) for element in block["elements"])]
        case _:
            part = block["elements"][0]
            mark = "> " if part["type"] == "rich_text_quote" else "    "
            return [mark + line for line in part["elements"][0]["text"].split("\n")]


def _text(text: Mapping[str, str]) -> str:
    return with_times(text["text"])


def with_times(text: str) -> str:
    """Our mrkdwn with its times as UX.md writes them: `{15:03}`."""
    return _MOMENT.sub(r"{\1}", text)


def _pressed(element: Mapping[str, Any]) -> str:
    if element["type"] == "overflow":
        return f"(⋯ {' | '.join(option['text']['text'] for option in element['options'])})"
    return f"[{element['text']['text']}]"


def texts(blocks: object, kind: str = "mrkdwn") -> list[str]:
    """Every text of one kind in some blocks: `mrkdwn`, `plain_text`, or `text` for rich text."""
    if isinstance(blocks, Mapping):
        own = [str(blocks["text"])] if blocks.get("type") == kind else []
        return own + texts(list(blocks.values()), kind)
    return [text for one in blocks for text in texts(one, kind)] if isinstance(blocks, list | tuple) else []


def pressable(blocks: object) -> list[Mapping[str, Any]]:
    """Every button and menu in some blocks."""
    if isinstance(blocks, Mapping):
        own = [blocks] if blocks.get("type") in {"button", "overflow"} else []
        return own + pressable(list(blocks.values()))
    return [found for one in blocks for found in pressable(one)] if isinstance(blocks, list | tuple) else []


def word_count(text: str) -> int:
    """How many words somebody reads: what holds a letter or a figure, a time being one."""
    return sum(any(sign.isalnum() for sign in word) for word in spoken(_MOMENT.sub(r"\1", text)).split())


def problems(message: Message) -> list[str]:
    """What Slack would refuse of a message, by two opinions: its own SDK's, and our stand-in's."""
    for block in message.blocks:
        SlackBlock.parse(block).validate_json()  # type: ignore[union-attr]
    found = problems_of_message(list(message.blocks))
    too_long = [] if 0 < len(message.text) <= UPDATE_TEXT_MAX else ["text"]
    too_many = [] if len(message.blocks) <= MESSAGE_BLOCKS_MAX_ITEMS else ["blocks"]
    return [*found, *too_long, *too_many]
