"""Who sent a delivery, in headers, as each sender does it.

PagerDuty: docs/webhooks/04-Signatures of PagerDuty/developer-docs. incident.io: spec/standard-webhooks.md of
standard-webhooks/standard-webhooks. Grafana: http/hmac.go of grafana/alerting. Alertmanager and JSM: a token.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime


def pagerduty(body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """One signature for each secret; there are two while one is being changed."""
    return {"X-PagerDuty-Signature": ",".join(f"v1={_mac(one.encode(), body).hex()}" for one in secrets)}


def incident_io(body: bytes, secrets: Sequence[str], identity: str, at: datetime) -> dict[str, str]:
    """Over the id, the time and the body."""
    stamp = str(int(at.timestamp()))
    message = f"{identity}.{stamp}.".encode() + body
    keys = [base64.b64decode(one.removeprefix("whsec_")) for one in secrets]
    signatures = " ".join(f"v1,{base64.b64encode(_mac(key, message)).decode()}" for key in keys)
    return {"webhook-id": identity, "webhook-timestamp": stamp, "webhook-signature": signatures}


def grafana(body: bytes, secret: str, at: datetime) -> dict[str, str]:
    """Over the time, a colon and the body, as where a header for the time is configured."""
    stamp = str(int(at.timestamp()))
    signature = _mac(secret.encode(), stamp.encode() + b":" + body).hex()
    name = "X-Grafana-Alerting-Signature"
    return {name: signature, f"{name}-Timestamp": stamp}


def token(secret: str) -> dict[str, str]:
    """Nothing is signed: the secret itself is sent."""
    return {"Authorization": f"Bearer {secret}"}


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)
