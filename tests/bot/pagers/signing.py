"""Signing as the senders do it, written from their documentation and apart from what is tested."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

Sign: TypeAlias = Callable[[bytes, str, datetime], Mapping[str, str]]
"""The headers of a delivery: by its body, the secret and the time."""

LIVE = "whsec_bWVyaWRpYW4tbGl2ZS1zZWNyZXQtMDE="
OLD = "whsec_bWVyaWRpYW4tb2xkLXNlY3JldC0wMDI="
RETIRED = "whsec_bWVyaWRpYW4tcmV0aXJlZC1zZWNyZXQ="
MESSAGE = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"


def mac(secret: bytes, message: bytes) -> bytes:
    return hmac.new(secret, message, hashlib.sha256).digest()


def seconds(at: datetime) -> str:
    return str(int(at.timestamp()))


def pagerduty(body: bytes, secret: str, at: datetime) -> dict[str, str]:  # noqa: ARG001 (signs no time)
    """docs/webhooks/04-Signatures.md of https://github.com/PagerDuty/developer-docs."""
    return {"x-pagerduty-signature": f"v1={mac(secret.encode(), body).hex()}"}


def standard_webhooks(body: bytes, secret: str, at: datetime) -> dict[str, str]:
    """https://api-docs.incident.io/tag/Webhooks/."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{MESSAGE}.{seconds(at)}.".encode() + body
    return {
        "webhook-id": MESSAGE,
        "webhook-timestamp": seconds(at),
        "webhook-signature": f"v1,{base64.b64encode(mac(key, signed)).decode()}",
    }


def grafana(body: bytes, secret: str, at: datetime) -> dict[str, str]:
    """http/hmac.go of https://github.com/grafana/alerting."""
    return {
        "x-grafana-alerting-signature-timestamp": seconds(at),
        "x-grafana-alerting-signature": mac(secret.encode(), f"{seconds(at)}:".encode() + body).hex(),
    }


def rootly(body: bytes, secret: str, at: datetime) -> dict[str, str]:
    """https://docs.rootly.com/configuration/webhooks."""
    signature = mac(secret.encode(), seconds(at).encode() + body).hex()
    return {"x-rootly-signature": f"t={seconds(at)},v1={signature}"}


def firehydrant(body: bytes, secret: str, at: datetime) -> dict[str, str]:  # noqa: ARG001 (signs no time)
    """https://docs.firehydrant.com/docs/webhooks."""
    return {"fh-signature": mac(secret.encode(), body).hex()}


def bearer(body: bytes, secret: str, at: datetime) -> dict[str, str]:  # noqa: ARG001 (signs nothing)
    """`http_config.authorization` of Alertmanager."""
    return {"authorization": f"Bearer {secret}"}


def own_header(body: bytes, secret: str, at: datetime) -> dict[str, str]:  # noqa: ARG001 (signs nothing)
    """A custom header of an integration of Jira Service Management."""
    return {"x-pager-token": secret}
