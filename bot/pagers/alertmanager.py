"""Alertmanager's webhooks, and Grafana Alerting's, which have the same shape.

**An incident is a group of alerts, not an alert.** A group is what is notified, by what the operators put
together (`group_by`), and it is resolved once all of it is. Alerts come and go inside a group, and
`max_alerts` leaves some of them out: nobody would ever be told that one of those is resolved, and a group may
be told to be resolved before they are. A group is known by its key and its receiver; it keeps both when it
fires again, so the same incident is live again.

What a notification tells happened when the last thing in its group changed: when the youngest alert started,
or when the last of those that are resolved ended. A repeated notification has the same alerts in the same
states since the same moments, and so the same `delivery`. Where an alert comes back with its old start, as
after an outage of Prometheus, the group looks like one that was told already: it is not live again before an
alert in it is new.

Which service and how severe it is are labels, and only where every alert of the group agrees; with alerts
left out, only a label that the group is made by. Nobody is assigned or named.

Sources: template/template.go and notify/webhook/webhook.go of https://github.com/prometheus/alertmanager, and
https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/.
A body may be made by a template of the operators' own; what has not this shape is Malformed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, SecretStr

from bot.pagers.pager import Delivery, Pager
from bot.pagers.shapes import Id, Sent, digest, link, lower, title, word
from bot.pagers.signatures import TimedHmac, Token, Verifier
from policies.incident import PagerEvent, PagerName, PagerVerb
from policies.values import Moment, Value

_Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
_Labels: TypeAlias = Annotated[dict[str, str], BeforeValidator(lambda told: {} if told is None else told)]
"""No labels are none whether they are empty or null."""
_Status: TypeAlias = Literal["firing", "resolved"]


class AlertmanagerOptions(Value):
    """What can be configured: where its token is, and which labels are read."""

    kind: Literal["alertmanager"] = "alertmanager"
    scheme: Token = Token()
    service_label: _Name = "service"
    severity_label: _Name = "severity"


class GrafanaOptions(Value):
    """What can be configured: its headers, as in the contact point, and which labels are read."""

    kind: Literal["grafana"] = "grafana"
    scheme: TimedHmac = TimedHmac()
    service_label: _Name = "service"
    severity_label: _Name = "severity"


class _Alert(Sent):
    status: _Status
    starts_at: Moment = Field(alias="startsAt")
    ends_at: Moment = Field(alias="endsAt")
    fingerprint: Id

    @property
    def changed_at(self) -> datetime:
        """While it fires its end is not known, and is the year 1."""
        return max(self.starts_at, self.ends_at) if self.status == "resolved" else self.starts_at

    @property
    def told(self) -> list[str]:
        """What makes it another piece of news."""
        return [self.fingerprint, self.status, self.starts_at.isoformat()]


class _Group(Sent):
    status: _Status
    receiver: Annotated[str, Field(min_length=1)]
    key: Annotated[str, Field(alias="groupKey", min_length=1)]
    alerts: Annotated[tuple[_Alert, ...], Field(min_length=1)]
    """As many as a body has room for."""
    group_labels: _Labels = Field(alias="groupLabels")
    common_labels: _Labels = Field(alias="commonLabels")
    common_annotations: _Labels = Field(alias="commonAnnotations")
    external_url: str = Field(alias="externalURL", default="")
    left_out: int = Field(alias="truncatedAlerts", default=0, ge=0)

    @property
    def incident(self) -> str:
        return digest(self.receiver, self.key)

    @property
    def delivery(self) -> str:
        return digest(self.receiver, self.key, self.status, sorted(alert.told for alert in self.alerts))

    @property
    def labels(self) -> _Labels:
        """What holds for all of the group; those of the alerts that were left out are not known."""
        return self.group_labels if self.left_out else {**self.common_labels, **self.group_labels}

    @property
    def title(self) -> str:
        return title(self.common_annotations.get("summary") or self.common_labels.get("alertname"))


class AlertGroups(Pager):
    """Alertmanager, or Grafana Alerting: groups of alerts."""

    def __init__(
        self,
        name: PagerName,
        secrets: Sequence[SecretStr],
        options: AlertmanagerOptions | GrafanaOptions,
    ) -> None:
        super().__init__(name)
        self._verifier = Verifier(options.scheme, secrets)
        self._options = options

    def _verify(self, delivery: Delivery, now: datetime) -> None:
        self._verifier.verify(delivery, now)

    def _events(self, delivery: Delivery) -> tuple[PagerEvent, ...]:
        group = _Group.model_validate_json(delivery.body)
        told = PagerEvent(
            pager=self.name,
            delivery=group.delivery,
            verb=PagerVerb.RESOLVED if group.status == "resolved" else PagerVerb.TRIGGERED,
            at=max(alert.changed_at for alert in group.alerts),
            incident=group.incident,
            title=group.title,
            service=word(group.labels.get(self._options.service_label)),
            severity=lower(group.labels.get(self._options.severity_label)),
            link=link(group.external_url),
        )
        return (told,)
