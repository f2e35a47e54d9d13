"""Meridian's accounts at its pagers: people, schedules, services, tokens and secrets."""

import base64
import hashlib
from enum import StrEnum
from typing import Final


class Vendor(StrEnum):
    """A pager."""

    PAGERDUTY = "pagerduty"
    INCIDENT_IO = "incident-io"
    GRAFANA = "grafana"
    JSM = "jsm"


PEOPLE: Final = ("ana", "ben", "chloe", "dev", "emi", "ivy")
SCHEDULES: Final = {"database": "ben", "platform": "chloe", "payments": "ivy"}
"""Who is on call by each at the beginning."""
SERVICES: Final = ("checkout-api", "db-primary")
CLOUD_ID: Final = "meridian-site"
STACK: Final = "https://meridian.grafana.net"
SUBSCRIPTION: Final = "PSUBSCR"
TOKENS: Final = {vendor: f"{vendor}-sandbox-token" for vendor in Vendor}
SECRETS: Final = {
    Vendor.PAGERDUTY: "pagerduty-sandbox-secret",
    Vendor.INCIDENT_IO: "whsec_" + base64.b64encode(b"incident-io-sandbox-secret").decode(),
}


def user(vendor: Vendor, name: str) -> str:
    """Somebody's account id at a pager."""
    return _id(vendor, "user", name)


def schedule(vendor: Vendor, name: str) -> str:
    """A schedule's id at a pager."""
    return _id(vendor, "schedule", name)


def policy(name: str) -> str:
    """The id of PagerDuty's escalation policy that uses a schedule."""
    return _id(Vendor.PAGERDUTY, "policy", name)


def service(name: str) -> str:
    """A service's id at PagerDuty."""
    return _id(Vendor.PAGERDUTY, "service", name)


def incident(vendor: Vendor, name: str) -> str:
    """An incident's id at a pager."""
    return _id(vendor, "incident", name)


def identifier(length: int, *parts: str) -> str:
    """The same id for the same parts: capitals and digits."""
    return base64.b32encode(hashlib.sha256("/".join(parts).encode()).digest()).decode()[:length]


def _id(vendor: Vendor, kind: str, name: str) -> str:
    match vendor:
        case Vendor.PAGERDUTY:
            return (
                "Q" + identifier(13, vendor, kind, name)
                if kind == "incident"
                else "P" + identifier(6, vendor, kind, name)
            )
        case Vendor.INCIDENT_IO:
            return "01" + identifier(24, vendor, kind, name)
        case Vendor.GRAFANA:
            return ("U" if kind == "user" else "S") + identifier(12, vendor, kind, name)
        case Vendor.JSM:
            return identifier(24, vendor, kind, name).lower()
