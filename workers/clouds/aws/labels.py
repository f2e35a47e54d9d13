"""The tags a leased role carries: everything a lost ledger needs, under a signature only we can make."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from workers.clouds.aws.documents import moment_text
from workers.clouds.cloud import Holding

PREFIX: Final = "prod-access:"
_SIGNED: Final = ("instance", "grant", "request", "person", "role", "ends")
_SIGNATURE: Final = "signature"


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
        signature = _sign(self._keys[0], holding.key, labels)
        return {f"{PREFIX}{name}": value for name, value in {**labels, _SIGNATURE: signature}.items()}

    def genuine(self, arn: str, tags: Mapping[str, str]) -> bool:
        """True when we, this installation, put these labels on this very object."""
        labels = {name: tags.get(f"{PREFIX}{name}", "") for name in _SIGNED}
        signature = tags.get(f"{PREFIX}{_SIGNATURE}", "").encode()
        ours = any(hmac.compare_digest(signature, _sign(key, arn, labels).encode()) for key in self._keys)
        return ours and labels["instance"] == self._instance


def _sign(key: bytes, arn: str, labels: Mapping[str, str]) -> str:
    parts = [arn, *(labels[name] for name in _SIGNED)]
    text = "".join(f"{len(part.encode())}:{part}" for part in parts)
    return hmac.new(key, b"label:" + text.encode(), hashlib.sha256).hexdigest()
