"""How much of everything: the full size, a quick one, and one that only shows that it runs."""

from typing import Final, NamedTuple


class Size(NamedTuple):
    """How often and how many, for each measure."""

    decisions: int
    """Decisions taken for each number of rules."""
    live: int
    """Live grants in the ledger that is swept."""
    sweeps: int
    ends: int
    """Grants that end at once, with the simulated cloud and with the stand-in."""
    ends_bare: int
    """Roles that the bare pool takes away."""
    people: int
    singles: int
    """Ends one at a time, and approvals one at a time between them."""
    lead: float
    """Seconds from giving what ends one at a time to the first end: by then all are live and quiet."""
    apart: float
    """Seconds from one of these to the next."""
    in_flight: int
    """Approvals made as fast as possible."""
    levels: tuple[int, ...]
    """Live grants at which the calls of an approval are counted."""
    approvals: int
    """Approvals counted at each level."""
    jobs: int
    """Jobs of the bare worker."""
    starts: int
    """Starts of each process."""
    rounds: int
    """Turns of the bare app and ours."""
    asks: int
    """Typed lines in each turn."""
    first_asks: int
    """Typed lines of people who were not heard of for a minute."""


FULL: Final = Size(
    decisions=300,
    live=100_000,
    sweeps=25,
    ends=500,
    ends_bare=128,
    people=500,
    singles=30,
    lead=15.0,
    apart=4.0,
    in_flight=100,
    levels=(0, 100, 400),
    approvals=5,
    jobs=100,
    starts=2,
    rounds=2,
    asks=350,
    first_asks=60,
)
QUICK: Final = Size(
    decisions=60,
    live=5_000,
    sweeps=8,
    ends=60,
    ends_bare=32,
    people=100,
    singles=3,
    lead=10.0,
    apart=4.0,
    in_flight=20,
    levels=(0, 20, 40),
    approvals=3,
    jobs=30,
    starts=1,
    rounds=1,
    asks=70,
    first_asks=20,
)
TINY: Final = Size(
    decisions=3,
    live=30,
    sweeps=2,
    ends=4,
    ends_bare=2,
    people=12,
    singles=1,
    lead=5.5,
    apart=1.0,
    in_flight=2,
    levels=(0, 3),
    approvals=1,
    jobs=3,
    starts=1,
    rounds=1,
    asks=4,
    first_asks=2,
)
