"""What every grant carries in its cloud: all that a lost ledger needs, under a signature only we can make."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from policies.entitlements import Target
from policies.people import Principal
from policies.values import GrantId, HoldingKey, PersonId, RequestId, RoleName
from workers.clouds.cloud import Holding

SIGNED: Final = ("instance", "grant", "request", "person", "role", "ends")
SIGNATURE: Final = "signature"


class Labels:
    """Makes and checks the labels of one installation; the first key signs, each verifies."""

    def __init__(self, instance: str, keys: Sequence[bytes]) -> None:
        self._instance = instance
        self._keys = tuple(keys)

    def of(self, holding: Holding, until: datetime) -> dict[str, str]:
        """The labels of a holding that ends at `until`."""
        labels = {
            "instance": self._instance,
            "grant": holding.grant,
            "request": holding.request,
            "person": holding.person,
            "role": holding.role,
            "ends": moment_text(until),
        }
        return {**labels, SIGNATURE: _sign(self._keys[0], holding.key, labels)}

    def genuine(self, key: str, labels: Mapping[str, str]) -> bool:
        """True when we, this installation, put these labels on the very object of this holding key."""
        named = {name: labels.get(name, "") for name in SIGNED}
        signature = labels.get(SIGNATURE, "").encode()
        ours = any(
            hmac.compare_digest(signature, _sign(secret, key, named).encode()) for secret in self._keys
        )
        return ours and named["instance"] == self._instance


def labelled(key: HoldingKey, labels: Mapping[str, str], principal: Principal, target: Target) -> Holding:
    """The holding that genuine labels speak of."""
    return Holding(
        key=key,
        principal=principal,
        entitlement=target,
        grant=GrantId(labels["grant"]),
        request=RequestId(labels["request"]),
        role=RoleName(labels["role"]),
        person=PersonId(labels["person"]),
    )


def _sign(secret: bytes, key: str, labels: Mapping[str, str]) -> str:
    parts = [key, *(labels[name] for name in SIGNED)]
    text = "".join(f"{len(part.encode())}:{part}" for part in parts)
    return hmac.new(secret, b"label:" + text.encode(), hashlib.sha256).hexdigest()


def moment_text(moment: datetime) -> str:
    """A moment as clouds' conditions and our labels write it: whole seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_moment(text: str) -> datetime | None:
    """The moment of such a text, or None."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
