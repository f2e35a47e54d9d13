"""The webhooks of Operations in Jira Service Management: what was done to one alert in each delivery.

They are not signed: a header of the integration carries a token (on the plans that have custom headers), and
whoever reads one delivery can make any other. Nothing in one identifies it, so its `delivery` is the alert,
what was done and when the alert was last changed. Who owns an alert is told by an email or a name, which is
nobody's id and is not read; who did it is `userId`.

Which service is meant is in a tag, `service:payments`, and only where there is one alone.

Source: https://support.atlassian.com/jira-service-management-cloud/docs/alert-action-data-for-jira-edge-connector/.
Opsgenie's webhooks have the same shape. How they are repeated is not documented.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr

from bot.pagers.pager import Delivery, Pager
from bot.pagers.shapes import Account, Id, Sent, digest, lower, since_1970, title, word
from bot.pagers.signatures import Token, Verifier
from policies.incident import PagerEvent, PagerName, PagerVerb
from policies.values import Value

_VERBS: Final[Mapping[str, PagerVerb]] = {
    "Create": PagerVerb.TRIGGERED,
    "Acknowledge": PagerVerb.ACKNOWLEDGED,
    "UnAcknowledge": PagerVerb.CHANGED,
    "UpdatePriority": PagerVerb.CHANGED,
    "UpdateMessage": PagerVerb.CHANGED,
    "AssignOwnership": PagerVerb.REASSIGNED,
    "TakeOwnership": PagerVerb.REASSIGNED,
    "Escalate": PagerVerb.REASSIGNED,
    "AddRecipient": PagerVerb.REASSIGNED,
    "AddTeam": PagerVerb.REASSIGNED,
    "Close": PagerVerb.RESOLVED,
    "Delete": PagerVerb.RESOLVED,
}


class JsmOptions(Value):
    """What can be configured: where the token is, and what a tag starts with that names a service."""

    kind: Literal["jsm"] = "jsm"
    scheme: Token = Token()
    service_tag: Annotated[str, Field(min_length=1, max_length=50)] = "service:"


class _OfAnyKind(Sent):
    action: str


class _Alert(Sent):
    alert_id: Id = Field(alias="alertId")
    tiny_id: str | None = Field(alias="tinyId", default=None)
    message: str | None = None
    priority: str | None = None
    tags: tuple[str, ...] | None = None
    user_id: Account | None = Field(alias="userId", default=None)
    updated_at: int = Field(alias="updatedAt")
    """In billionths of a second, and what was created in thousandths."""

    def service(self, prefix: str) -> str | None:
        named = {tag.removeprefix(prefix) for tag in self.tags or () if tag.startswith(prefix)}
        return word(named.pop()) if len(named) == 1 else None


class _OfAlert(Sent):
    alert: _Alert


class JsmOperations(Pager):
    """One site's operations, by an outgoing webhook."""

    def __init__(
        self, name: PagerName, secrets: Sequence[SecretStr], options: JsmOptions | None = None
    ) -> None:
        super().__init__(name)
        self._options = options or JsmOptions()
        self._verifier = Verifier(self._options.scheme, secrets)

    def _verify(self, delivery: Delivery, now: datetime) -> None:
        self._verifier.verify(delivery, now)

    def _events(self, delivery: Delivery) -> tuple[PagerEvent, ...]:
        action = _OfAnyKind.model_validate_json(delivery.body).action
        if action not in _VERBS:
            return ()
        return (self._told(action, _OfAlert.model_validate_json(delivery.body).alert),)

    def _told(self, action: str, alert: _Alert) -> PagerEvent:
        tiny = word(alert.tiny_id)
        return PagerEvent(
            pager=self.name,
            delivery=digest(alert.alert_id, action, alert.updated_at),
            verb=_VERBS[action],
            at=since_1970(alert.updated_at),
            incident=alert.alert_id,
            reference=f"#{tiny}" if tiny else None,
            title=title(alert.message),
            service=alert.service(self._options.service_tag),
            severity=lower(alert.priority),
            agent=alert.user_id,
        )
