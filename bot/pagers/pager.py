"""The port that every pager's webhook comes in by: verify the raw bytes, then read them.

```
DeliveryError
├── NotVerified     nobody who has the secret signed these bytes, or too long ago: 401
└── Malformed       signed, and still not what this pager sends: 400
```

Whatever else goes wrong while bytes from outside are read is Malformed too: a pager that is answered with a
5xx sends the same bytes again for days.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple, final

from policies.incident import PagerEvent, PagerName

BODY_MOST: Final = 1_048_576
"""The longest body that is looked at; PagerDuty stays under 256 KB."""


class Delivery(NamedTuple):
    """What came in: header names in lower case, and the body as it was signed."""

    headers: Mapping[str, str]
    body: bytes


class DeliveryError(Exception):
    """A delivery that is turned away; the text is for our log and never has anything secret in it."""


class NotVerified(DeliveryError):
    """Not signed by anybody who has the secret, or too long ago."""


class Malformed(DeliveryError):
    """Signed, and not what this pager sends."""


class Pager(ABC):
    """One pager's webhooks."""

    def __init__(self, name: PagerName) -> None:
        self.name: Final = name

    @final
    def read(self, delivery: Delivery, now: datetime) -> tuple[PagerEvent, ...]:
        """What a delivery says; nothing where it says nothing that matters to us.

        NotVerified, Malformed.
        """
        if len(delivery.body) > BODY_MOST:
            raise Malformed("too long")
        self._verify(delivery, now)
        try:
            return self._events(delivery)
        except DeliveryError:
            raise
        except Exception as error:  # noqa: BLE001 (the boundary to bytes from outside)
            problem = type(error).__name__
        raise Malformed(problem)  # from nothing: the error quotes the body

    @abstractmethod
    def _verify(self, delivery: Delivery, now: datetime) -> None:
        """Raise NotVerified unless somebody with a live secret signed exactly these bytes, and lately."""

    @abstractmethod
    def _events(self, delivery: Delivery) -> tuple[PagerEvent, ...]:
        """What verified bytes say (Malformed, or anything pydantic and json raise)."""
