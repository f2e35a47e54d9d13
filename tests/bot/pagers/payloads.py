"""Bodies as the pagers send them, after the examples of their documentation, in Meridian's words."""

from collections.abc import Mapping

Body = Mapping[str, object]


def _user(account: str) -> Body:
    return {
        "html_url": f"https://meridian.pagerduty.com/users/{account}",
        "id": account,
        "self": f"https://api.pagerduty.com/users/{account}",
        "summary": "Ana",
        "type": "user_reference",
    }


def _reference(kind: str, account: str, summary: str | None = None) -> Body:
    return {"id": account, "summary": summary, "type": f"{kind}_reference"}


def pagerduty_event(event_type: str, data: Body, **changes: object) -> Body:
    """docs/webhooks/01-Overview.md of https://github.com/PagerDuty/developer-docs."""
    event = {
        "id": "5ac64822-4adc-4fda-ade0-410becf0de4f",
        "event_type": event_type,
        "resource_type": "incident",
        "occurred_at": "2026-11-24T14:02:11.169Z",
        "agent": _user("PLH1HKV"),
        "client": {"name": "PagerDuty"},
        "data": data,
    }
    return {"event": {**event, **changes}}


def pagerduty_incident(**changes: object) -> Body:
    """The same page, `incident`."""
    incident = {
        "id": "PGR0VU2",
        "type": "incident",
        "self": "https://api.pagerduty.com/incidents/PGR0VU2",
        "html_url": "https://meridian.pagerduty.com/incidents/PGR0VU2",
        "number": 42,
        "status": "triggered",
        "incident_key": "d3640fbd41094207a1c11e58e46b1662",
        "created_at": "2026-11-24T14:00:27Z",
        "title": "A little bump in the road",
        "service": _reference("service", "PF9KMXH", "Payments"),
        "assignees": [_user("PTUXL6G")],
        "escalation_policy": _reference("escalation_policy", "PUS0KTE", "Default"),
        "teams": [_reference("team", "PFCVPS0", "Engineering")],
        "priority": _reference("priority", "PSO75BM", "P1"),
        "urgency": "high",
        "conference_bridge": {"conference_number": "+1 1234123412,,987654321#"},
        "resolve_reason": None,
    }
    return {**incident, **changes}


def pagerduty(event_type: str, **changes: object) -> Body:
    """An event of an incident."""
    return pagerduty_event(event_type, pagerduty_incident(**changes))


def pagerduty_roles(*assignments: Body) -> Body:
    """docs/webhooks/20-Early-Access-Webhooks.md of the same, `incident_role_assignment`."""
    data = {"type": "incident_role_assignment", "incident_role_assignments": list(assignments)}
    return pagerduty_event("incident.role.assigned", data)


def pagerduty_role(role: str, assignee: str | None) -> Body:
    """One assignment of a role, or its end."""
    return {
        "id": "af64b84c-137e-40c6-875c-5dd30a2afaaa",
        "assignee": _user(assignee) if assignee else None,
        "old_assignee": None,
        "incident": _reference("incident", "PGR0VU2"),
        "role": _reference("role", role, "Incident commander"),
        "status": "active",
        "type": "role_assignment_reference",
    }


def catalogued(entry: str) -> Body:
    """A value of a custom field: an entry of the catalogue."""
    return {
        "value_catalog_entry": {"id": entry, "external_id": "761722cd", "name": "Payments", "aliases": []}
    }


def custom_field(field: str, *values: Body) -> Body:
    """What an incident has in a custom field."""
    return {
        "custom_field": {"id": field, "name": "Affected", "field_type": "multi_select"},
        "values": list(values),
    }


def incident_io_incident(category: str = "live", **changes: object) -> Body:
    """Webhooks of https://docs.incident.io/api-reference, and `IncidentV2` of its OpenAPI."""
    incident = {
        "id": "01FDAG4SAP5TYPT98WGR2N7W91",
        "reference": "INC-42",
        "name": "The database is sad",
        "summary": "It is really, really sad.",
        "mode": "standard",
        "visibility": "public",
        "incident_status": {
            "id": "01FCQSP07Z74QMMYPDDGQB9FTG",
            "name": "Investigating",
            "category": category,
        },
        "severity": {"id": "01FH5TZRWMNAFB0DZ23FD1TV96", "name": "Major", "rank": 2},
        "incident_role_assignments": [
            {
                "role": {"id": "01L", "name": "Incident lead", "role_type": "lead"},
                "assignee": {"id": "01ANA"},
            },
            {"role": {"id": "01C", "name": "Scribe", "role_type": "custom"}, "assignee": {"id": "01BEN"}},
            {"role": {"id": "01R", "name": "Reporter", "role_type": "reporter"}},
        ],
        "custom_field_entries": [
            custom_field("01TEAM", {"value_option": {"id": "01PRODUCT", "value": "Product"}}),
            custom_field("01SERVICE", catalogued("01PAYMENTS")),
        ],
        "slack_team_id": "T02A1FSLE8J",
        "slack_channel_id": "C02AW36C1M5",
        "slack_channel_name": "inc-42-the-database-is-sad",
        "permalink": "https://app.incident.io/meridian/incidents/42",
        "created_at": "2026-11-24T14:00:57.801578Z",
        "updated_at": "2026-11-24T14:02:57.801578Z",
    }
    return {**incident, **changes}


def incident_io(event_type: str, content: Body) -> Body:
    """https://api-docs.incident.io/tag/Webhooks/: the content is under the name of the event."""
    return {"event_type": event_type, event_type: content}


def incident_io_status(previous: str, new: str, **changes: object) -> Body:
    """`public_incident.incident_status_updated_v2`."""
    content = {
        "incident": incident_io_incident(new, **changes),
        "message": "It is working on",
        "new_status": {"id": "01NEW", "name": "New", "category": new},
        "previous_status": {"id": "01OLD", "name": "Old", "category": previous},
    }
    return incident_io("public_incident.incident_status_updated_v2", content)


def incident_io_shift() -> Body:
    """`schedule.shift_change_v1`."""
    content = {
        "current_users": [
            {"id": "01ANA", "slack_user_id": "U0ANA"},
            {"id": "01BEN", "slack_user_id": "U0BEN"},
        ],
        "previous_users": [{"id": "01CHLOE", "slack_user_id": "U0CHLOE"}],
        "schedule": {"id": "01G0J1EXE7AXZ2C93K61WBPYEH", "name": "Primary", "timezone": "Europe/London"},
    }
    return incident_io("schedule.shift_change_v1", content)


def alert(fingerprint: str = "1a30ba71cca2921f", *, ended: str | None = None, **changes: object) -> Body:
    """An alert, that fires unless it has ended."""
    told = {
        "status": "resolved" if ended else "firing",
        "labels": {"alertname": "ProbeFailure", "service": "payments", "severity": "critical"},
        "annotations": {"summary": "Probe failure: payments"},
        "startsAt": "2026-11-24T14:00:45.828266876Z",
        "endsAt": ended or "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.meridian.example:9090/graph?g0.expr=probe_success+%3D%3D+0",
        "fingerprint": fingerprint,
    }
    return {**told, **changes}


def alertmanager(*alerts: Body, **changes: object) -> Body:
    """template/template.go and notify/webhook/webhook.go of https://github.com/prometheus/alertmanager."""
    among = alerts or (alert(),)
    group = {
        "version": "4",
        "groupKey": '{}/{severity="critical"}:{alertname="ProbeFailure"}',
        "truncatedAlerts": 0,
        "status": "firing" if any(one["status"] == "firing" for one in among) else "resolved",
        "notification_reason": "first notification",
        "receiver": "prod-access",
        "groupLabels": {"alertname": "ProbeFailure"},
        "commonLabels": {"alertname": "ProbeFailure", "service": "payments", "severity": "critical"},
        "commonAnnotations": {"summary": "Probe failure: payments"},
        "externalURL": "https://alertmanager.meridian.example",
        "alerts": list(among),
    }
    return {**group, **changes}


def grafana(*alerts: Body, **changes: object) -> Body:
    """The webhook contact point of https://grafana.com/docs/grafana/latest/alerting/."""
    extra = {
        "version": "1",
        "orgId": 1,
        "state": "alerting",
        "title": "[FIRING:1]  (payments)",
        "message": "**Firing**",
    }
    return {**alertmanager(*alerts), **extra, **changes}


def jsm(action: str, **changes: object) -> Body:
    """Alert action data, in https://support.atlassian.com/jira-service-management-cloud/docs/."""
    told = {
        "updatedAt": 1795528931169002246,
        "tags": ["db", "service:payments"],
        "message": "The database is sad",
        "username": "ana@meridian.example",
        "alertId": "052652ac-5d1c-464a-812a-7dd18bbfba8c",
        "source": "ana@meridian.example",
        "alias": "db-sad",
        "tinyId": "23",
        "createdAt": 1795528800104,
        "userId": "557058:daed1180-0ce8-438b-8f8e-57e1a5920a2d",
        "entity": "",
        "priority": "P1",
    }
    return {
        "source": {"name": "", "type": "web"},
        "alert": {**told, **changes},
        "action": action,
        "integrationId": "37c8f316-17c6-49d7-899b-9c7e540c048d",
        "integrationName": "prod-access",
    }


ROOTLY: Body = {
    "scheme": {"scheme": "stamped-hmac", "header": "X-Rootly-Signature"},
    "event": "event.type",
    "verbs": {
        "incident.created": "triggered",
        "incident.updated": "changed",
        "incident.mitigated": "changed",
        "incident.resolved": "resolved",
        "incident.cancelled": "resolved",
    },
    "delivery": "event.id",
    "at": "event.issued_at",
    "incident": "data.id",
    "reference": "data.sequential_id",
    "title": "data.title",
    "service": "data.services.0.id",
    "severity": "data.severity.name",
    "assignees": "data.roles.*.user.id",
    "slack_channel": "data.slack_channel_id",
    "link": "data.url",
}


def rootly(event_type: str, **changes: object) -> Body:
    """https://docs.rootly.com/configuration/event-payloads, as far as it is configured above."""
    data = {
        "id": "9839c4ca-5e7b-416d-ad95-d09ae0c8eead",
        "sequential_id": 42,
        "title": "The database is sad",
        "services": [{"id": "5f2d6e1c"}, {"id": "7a1b9c3d"}],
        "severity": {"name": "SEV1"},
        "roles": [{"user": {"id": 17}}, {"user": None}, {"user": {"id": "18"}}],
        "slack_channel_id": "C02AW36C1M5",
        "url": "https://rootly.com/account/incidents/42",
    }
    event = {"id": "13c82722-ec52", "type": event_type, "issued_at": "2026-11-24T06:02:29.546-08:00"}
    return {"event": event, "data": {**data, **changes}}


FIREHYDRANT: Body = {
    "scheme": {"scheme": "hmac", "header": "fh-signature"},
    "event": "data.incident.current_milestone",
    "verbs": {"started": "triggered", "acknowledged": "acknowledged", "resolved": "resolved"},
    "at": "data.incident.created_at",
    "incident": "data.incident.id",
    "title": "data.incident.name",
}


def firehydrant(milestone: str) -> Body:
    """https://fh-docs.netlify.app/docs/integration-guides/creating-webhooks/, shortened."""
    incident = {
        "id": "04d9fd1a-ba9c-417d-b396-58a6e2c374de",
        "name": "The database is sad",
        "created_at": "2026-11-24 14:00:49 UTC",
        "current_milestone": milestone,
        "incident_channels": [{"id": "C05J7JSEA23"}],
    }
    return {"data": {"incident": incident}}


DATADOG: Body = {
    "scheme": {"scheme": "token"},
    "event": "transition",
    "verbs": {"Triggered": "triggered", "Re-Triggered": "triggered", "Recovered": "resolved"},
    "at": "date",
    "incident": "alert",
    "title": "title",
    "severity": "priority",
    "link": "link",
}


def datadog(transition: str) -> Body:
    """A template after the variables of https://docs.datadoghq.com/integrations/webhooks/."""
    return {
        "transition": transition,
        "date": "1795528931000",
        "alert": "4213",
        "title": "The database is sad",
        "priority": "P1",
        "link": "https://app.datadoghq.eu/monitors/4213",
    }
