"""Any pager that sends JSON: how it signs, and where in a body the things are that matter, are configured.

```yaml
kind: signed-json
scheme: {scheme: stamped-hmac, header: X-Rootly-Signature}
event: event.type
verbs: {incident.created: triggered, incident.resolved: resolved}
delivery: event.id
at: event.issued_at
incident: data.id
title: data.title
```

A path is names and places with full stops between them: `data.services.0.id`; `*` stands for every place of a
list. Event words that are not among `verbs` are passed over. With no path for `delivery` a body is known by
itself: the same bytes are the same event. With no path for `at` it happened when it was signed, so there has
to be one where no time is. A moment is ISO 8601 with its zone, `2023-07-25 13:34:49 UTC`, or a number of
seconds (or thousandths, …) since 1970. What a path leads to and is not what it should be is Malformed; what
is not there is not told.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, JsonValue, SecretStr, model_validator
from pydantic_core import from_json

from bot.pagers.pager import Delivery, Pager
from bot.pagers.shapes import LIST_MOST, channel, digest, identifier, link, lower, since_1970, title, word
from bot.pagers.signatures import AnyScheme, StampedHmac, StandardWebhooks, TimedHmac, Verifier
from policies.incident import PagerAccount, PagerEvent, PagerName, PagerVerb
from policies.values import Value

_PATH: Final = r"^[A-Za-z0-9_-]{1,100}(\.([A-Za-z0-9_-]{1,100}|\*)){0,9}$"
_PLACE_DIGITS: Final = 3

Path: TypeAlias = Annotated[str, Field(pattern=_PATH)]
"""Where something is in a body: `event.data.id`."""
_Word: TypeAlias = Annotated[str, Field(min_length=1, max_length=100)]


class SignedJsonOptions(Value):
    """How one such pager is read."""

    kind: Literal["signed-json"] = "signed-json"
    scheme: AnyScheme
    event: Path
    verbs: Annotated[dict[_Word, PagerVerb], Field(min_length=1)]
    """Their word for what happened, exactly as they write it, and ours."""
    incident: Path
    delivery: Path | None = None
    at: Path | None = None
    reference: Path | None = None
    title: Path | None = None
    service: Path | None = None
    severity: Path | None = None
    assignees: Path | None = None
    agent: Path | None = None
    commander: Path | None = None
    slack_channel: Path | None = None
    link: Path | None = None

    @model_validator(mode="after")
    def _has_a_time(self) -> Self:
        if self.at is None and not isinstance(self.scheme, TimedHmac | StampedHmac | StandardWebhooks):
            raise ValueError("a path for `at` is needed: this scheme signs no time")
        return self


class _Body:
    """A body, and what is at a path of it."""

    def __init__(self, body: bytes) -> None:
        self._whole: JsonValue = from_json(body)

    def all(self, path: str | None) -> list[JsonValue]:
        if path is None:
            return []
        found = [self._whole]
        for step in path.split("."):
            found = [inner for outer in found for inner in _inside(outer, step)]
        return [one for one in found if one is not None]

    def text(self, path: str | None) -> str | None:
        """The first text or whole number that is there."""
        found = self.all(path)
        return _text(found[0]) if found else None

    def account(self, path: str | None) -> PagerAccount | None:
        text = self.text(path)
        return None if text is None else _account(text)

    def accounts(self, path: str | None) -> tuple[PagerAccount, ...] | None:
        """Everybody who is there, or None where it is not said."""
        found = self.all(path)
        if len(found) > LIST_MOST:
            raise ValueError("more people than one event may name")
        return tuple(dict.fromkeys(_account(_text(one)) for one in found)) if found else None


class SignedJson(Pager):
    """A pager that sends JSON, read as it is configured."""

    def __init__(self, name: PagerName, secrets: Sequence[SecretStr], options: SignedJsonOptions) -> None:
        super().__init__(name)
        self._verifier = Verifier(options.scheme, secrets)
        self._options = options

    def _verify(self, delivery: Delivery, now: datetime) -> None:
        self._verifier.verify(delivery, now)

    def _events(self, delivery: Delivery) -> tuple[PagerEvent, ...]:
        body = _Body(delivery.body)
        verb = self._options.verbs.get(_needed(body.text(self._options.event)))
        return (self._told(verb, body, delivery),) if verb else ()

    def _told(self, verb: PagerVerb, body: _Body, delivery: Delivery) -> PagerEvent:
        at = self._options
        shifted = verb is PagerVerb.SHIFTED
        return PagerEvent(
            pager=self.name,
            delivery=self._delivery(body, delivery),
            verb=verb,
            at=self._moment(body, delivery),
            incident=None if shifted else identifier(_needed(body.text(at.incident))),
            reference=word(body.text(at.reference)),
            title=title(body.text(at.title)),
            service=word(body.text(at.service)),
            severity=lower(body.text(at.severity)),
            assignees=body.accounts(at.assignees),
            agent=body.account(at.agent),
            commander=body.account(at.commander),
            slack_channel=channel(body.text(at.slack_channel)),
            link=link(body.text(at.link)),
        )

    def _delivery(self, body: _Body, delivery: Delivery) -> str:
        if self._options.delivery is None:
            return digest(delivery.body.hex())
        return identifier(_needed(body.text(self._options.delivery)))

    def _moment(self, body: _Body, delivery: Delivery) -> datetime:
        signed_at = self._options.scheme.claim(delivery).signed_at
        if self._options.at is None and signed_at is not None:
            return signed_at
        return _moment(_needed(body.text(self._options.at)))


def _inside(value: JsonValue, step: str) -> list[JsonValue]:
    match value:
        case dict():
            return [value[step]] if step in value else []
        case list() if step == "*":
            return value
        case list() if step.isdecimal() and len(step) <= _PLACE_DIGITS:
            return value[int(step) :][:1]
        case _:
            return []


def _text(value: JsonValue) -> str:
    match value:
        case str():
            return value
        case int() if not isinstance(value, bool):
            return str(value)
        case _:
            raise ValueError("neither text nor a whole number")


def _needed(text: str | None) -> str:
    if text is None:
        raise ValueError("something that has to be there is not")
    return text


def _account(text: str) -> PagerAccount:
    return PagerAccount(identifier(text))


def _moment(text: str) -> datetime:
    """A moment with its zone: one without is refused by the event it is for."""
    if text.isdecimal():
        return since_1970(int(text))
    spelled = f"{text.removesuffix(' UTC')}+00:00" if text.endswith(" UTC") else text
    return datetime.fromisoformat(spelled)
