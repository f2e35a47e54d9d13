"""What came of trying what a cloud must refuse, in one line."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from workers.clouds.cloud import Checkup, CloudError

PAUSES: Final = (0.0, 0.2, 0.4, 0.8, 1.6)
"""Seconds before each look at what may have been made: 3 altogether."""


class Trial(Protocol):
    """One go at one place."""

    def run(self) -> Iterator[str]:
        """What is let through, as it is found; CloudError when something could not be tried."""

    def left(self) -> Sequence[str]:
        """What is there still and cannot be removed; raises nothing."""


def verdict(name: str, trial: Trial, *, cloud: str) -> Checkup:
    """Run a trial and judge it: ok when everything was refused and nothing is left. Raises nothing."""
    said = list(_wrong(trial, cloud))
    refused = not said
    left = trial.left()
    if refused:
        said.append("refused, as it should be")
    if left:
        said.append(f"remove by hand: {', '.join(left)}")
    return Checkup(name, ok=refused and not left, detail="; ".join(said))


def untried(name: str, why: str) -> Checkup:
    """What is to be said where nothing can be tried."""
    return Checkup(name, ok=False, detail=f"could not be tried: {why}")


def _wrong(trial: Trial, cloud: str) -> Iterator[str]:
    allowed: list[str] = []
    problem = ""
    try:
        allowed.extend(trial.run())
    except CloudError as error:
        problem = error.problem
    if allowed:
        yield f"not refused: {', '.join(allowed)}; set it up as prod-access bootstrap {cloud} says"
    if problem:
        yield f"could not be tried: {problem}"
