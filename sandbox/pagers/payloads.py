"""Incidents as PagerDuty and incident.io tell of them, in an answer and in a webhook.

Shapes: reference/REST/openapiv3.json of PagerDuty/api-schema and docs/webhooks/01-Overview of
PagerDuty/developer-docs; internal/client/client.gen.go of incident-io/terraform-provider-incident and
https://docs.incident.io/api-reference.
"""

from datetime import datetime
from typing import Any, Final

from sandbox.pagers import organisation
from sandbox.pagers.hand import Deed, Happening, Incident, Status
from sandbox.pagers.organisation import Vendor

COMMANDER: Final = "PCMDROL"
"""PagerDuty's id of the incident role that commands."""
_CREATED: Final = "public_incident.incident_created_v2"
_UPDATED: Final = "public_incident.incident_updated_v2"
_STATUS: Final = "public_incident.incident_status_updated_v2"


def stamp(moment: datetime) -> str:
    """A moment as the APIs write it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def reference(kind: str, identity: str, summary: str) -> dict[str, Any]:
    """PagerDuty's reference to something."""
    return {"id": identity, "type": f"{kind}_reference", "summary": summary, "html_url": None}


def pagerduty_user(name: str) -> dict[str, Any]:
    """PagerDuty's reference to somebody."""
    return reference("user", organisation.user(Vendor.PAGERDUTY, name), name)


def pagerduty_incident(incident: Incident) -> dict[str, Any]:
    """What `GET /incidents/{id}` has in it."""
    at = stamp(incident.updated_at)
    return {
        **_pagerduty_common(incident),
        "type": "incident",
        "created_at": stamp(incident.created_at),
        "assignments": [{"at": at, "assignee": pagerduty_user(name)} for name in incident.assignees],
    }


def pagerduty_event(happening: Happening, identity: str) -> dict[str, Any]:
    """The one event of a delivery."""
    incident, agent = happening.incident, happening.agent
    return {
        "event": {
            "id": identity,
            "event_type": f"incident.{happening.deed}",
            "resource_type": "incident",
            "occurred_at": stamp(incident.updated_at),
            "agent": pagerduty_user(agent) if agent else None,
            "client": None,
            "data": _pagerduty_data(happening),
        }
    }


def incident_io_incident(incident: Incident) -> dict[str, Any]:
    """What `GET /v2/incidents/{id}` has in it."""
    roles = [("custom", name) for name in incident.assignees if name != incident.commander]
    if incident.commander:
        roles.insert(0, ("lead", incident.commander))
    return {
        "id": organisation.incident(Vendor.INCIDENT_IO, incident.name),
        "reference": incident.name,
        "name": incident.title,
        "mode": "standard",
        "incident_status": _category(incident),
        "severity": {"id": "01SEVERITY", "name": incident.severity, "rank": 1},
        "incident_role_assignments": [
            {"role": {"role_type": role}, "assignee": incident_io_user(name)} for role, name in roles
        ],
        "permalink": f"https://app.incident.io/meridian/incidents/{incident.name.rpartition('-')[2]}",
        "created_at": stamp(incident.created_at),
        "updated_at": stamp(incident.updated_at),
    }


def incident_io_event(happening: Happening) -> dict[str, Any]:
    """A delivery's body."""
    incident = incident_io_incident(happening.incident)
    match happening.deed:
        case Deed.TRIGGERED:
            return {"event_type": _CREATED, _CREATED: incident}
        case Deed.RESOLVED | Deed.REOPENED:
            before = happening.incident._replace(
                status=Status.TRIGGERED if happening.deed is Deed.RESOLVED else Status.RESOLVED
            )
            change = {
                "incident": incident,
                "new_status": incident["incident_status"],
                "previous_status": _category(before),
            }
            return {"event_type": _STATUS, _STATUS: change}
        case _:
            return {"event_type": _UPDATED, _UPDATED: incident}


def incident_io_user(name: str) -> dict[str, Any]:
    """incident.io's user, who is linked to Slack."""
    return {
        "id": organisation.user(Vendor.INCIDENT_IO, name),
        "name": name,
        "email": f"{name}@meridian.example",
        "role": "responder",
        "slack_user_id": f"U0{name.upper()}",
    }


def jsm_alert(incident: Incident) -> dict[str, Any]:
    """What `GET alerts/{id}` of JSM Operations answers; its priorities go from P1 to P5."""
    people = [organisation.user(Vendor.JSM, name) for name in incident.assignees]
    return {
        "id": organisation.incident(Vendor.JSM, incident.name),
        "message": incident.title,
        "status": _ALERT_STATUS[incident.status],
        "acknowledged": incident.status is Status.ACKNOWLEDGED,
        "priority": f"P{incident.severity[-1]}",
        "responders": [{"id": one, "type": "user"} for one in people],
    }


_ALERT_STATUS: Final = {Status.TRIGGERED: "open", Status.ACKNOWLEDGED: "acked", Status.RESOLVED: "closed"}


def _category(incident: Incident) -> dict[str, Any]:
    category = "closed" if incident.status is Status.RESOLVED else "live"
    return {"id": f"01STATUS{category.upper()}", "name": category.capitalize(), "category": category}


def _pagerduty_common(incident: Incident) -> dict[str, Any]:
    identity = organisation.incident(Vendor.PAGERDUTY, incident.name)
    return {
        "id": identity,
        "number": int(incident.name.rpartition("-")[2]),
        "title": incident.title,
        "status": incident.status,
        "html_url": f"https://meridian.pagerduty.com/incidents/{identity}",
        "service": reference("service", organisation.service(incident.service), incident.service),
        "priority": reference("priority", "PPRIORI", incident.severity.upper()),
        "urgency": "high",
    }


def _pagerduty_data(happening: Happening) -> dict[str, Any]:
    incident = happening.incident
    if happening.deed is not Deed.COMMANDED:
        assignees = [pagerduty_user(name) for name in incident.assignees]
        return {**_pagerduty_common(incident), "type": "incident", "assignees": assignees}
    commander = pagerduty_user(incident.commander) if incident.commander else None
    identity = organisation.incident(Vendor.PAGERDUTY, incident.name)
    held = {
        "role": reference("incident_role", COMMANDER, "Incident Commander"),
        "incident": reference("incident", identity, incident.title),
        "assignee": commander,
    }
    return {"type": "incident_role_assignments", "incident_role_assignments": [held]}
