"""The doors RQ knocks on."""

from policies.holding import Direction
from policies.values import CloudName
from workers.wiring import hands


def grant(cloud: str) -> int:
    """Make what is due in a cloud; how many holdings were worked on."""
    return hands().drain(Direction.GRANT, CloudName(cloud))


def revoke(cloud: str) -> int:
    """Take back what is due in a cloud; how many holdings were worked on."""
    return hands().drain(Direction.REVOKE, CloudName(cloud))
