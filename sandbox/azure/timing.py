"""What time it is, and what time it is for everything that ends by itself."""

from datetime import UTC, datetime


class Timing:
    """The process's clock; `stop_dates` makes no date come due until `start_dates`."""

    def __init__(self) -> None:
        self._stopped: datetime | None = None

    @property
    def stopped(self) -> bool:
        """Whether dates stand still."""
        return self._stopped is not None

    def now(self) -> datetime:
        """The time."""
        return datetime.now(UTC)

    def dates(self) -> datetime:
        """The time by which PIM windows and dates in conditions are judged."""
        return self._stopped or self.now()

    def stop_dates(self) -> None:
        """Dates stand still from now on."""
        self._stopped = self._stopped or self.now()

    def start_dates(self) -> None:
        """Dates go on."""
        self._stopped = None


def stamp(moment: datetime) -> str:
    """A moment as Azure writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
