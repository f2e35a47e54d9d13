"""What AWS allows all workers together, kept in the ledger.

sso-admin allows 20 calls a second over all its calls, and ten or so operations under way at once; neither can
be raised (https://docs.aws.amazon.com/singlesignon/latest/userguide/limits.html, and for the newer account
access manager, which says 15, https://docs.aws.amazon.com/IAM/latest/UserGuide/aam-quotas.html). Ours stay
below both, because others administer Identity Center too. A sweep through all places asks one thing after
another, and pays nothing.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol, TypeVar

from policies.values import HoldingKey
from workers.clouds.cloud import Again
from workers.clouds.identity_center.client import SOON
from workers.ledger.budgets import give_back, hold, holds, take
from workers.ledger.errors import LedgerError
from workers.ledger.ledger import Ledger
from workers.ledger.writing import Writing

Answer = TypeVar("Answer")

VISITS_A_SECOND: Final = 4
"""A change or a look makes about four calls each, which is 16 of the 20 there are."""
VISITS_AT_ONCE: Final = 6
KEPT_FOR_ENDS: Final = 3
"""Visits that a start leaves of those, whatever waits: its change, and not the look that follows. What was
begun is looked at before anything else is begun, so a look is paid from all of them, as an end is."""
UNDER_WAY: Final = 8
"""Operations of ours under way at most."""
STARTS_UNDER_WAY: Final = 6
"""Of these, how many may be starts: an end never queues behind starts."""
GIVEN_UP_AFTER: Final = timedelta(minutes=3)
"""When the place of an operation is free again that nobody came back for."""


class Budget(Protocol):
    """Stands before what is asked of AWS, and hears when AWS is done with an operation."""

    def visit(self, instance: str, *, start: bool = False) -> None:
        """Pay for the few calls of one change or one look, or raise Again with how long to wait.

        `start`: a change that gives access, which leaves some visits to ends and to looks.
        """

    def begin(self, instance: str, key: HoldingKey, *, start: bool) -> None:
        """Hold a place for one operation on this assignment, or raise Again."""

    def done(self, instance: str, key: HoldingKey) -> None:
        """AWS is not at work on this assignment any more."""


class LedgerBudget:
    """The budget of every worker of one ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def visit(self, instance: str, *, start: bool = False) -> None:
        """Pay for one visit; Again while the rate is used up, or a start's part of it."""
        name, kept = f"{instance}/visits", KEPT_FOR_ENDS if start else 0
        wait = self._written(
            lambda writing: take(writing, name, rate=VISITS_A_SECOND, burst=VISITS_AT_ONCE, kept=kept)
        )
        if wait is not None:
            raise Again("identity_center_rate", wait)

    def begin(self, instance: str, key: HoldingKey, *, start: bool) -> None:
        """Hold a place, the same for the same assignment; Again when all of them are taken."""
        name, most = _operations(instance), STARTS_UNDER_WAY if start else UNDER_WAY
        if not self._written(lambda writing: hold(writing, name, key, most=most, lasts=GIVEN_UP_AFTER)):
            raise Again("identity_center_busy", SOON)

    def done(self, instance: str, key: HoldingKey) -> None:
        """Free the operation's place, if it holds one; without the ledger it frees itself in a while."""
        name = _operations(instance)
        try:
            with self._ledger.reading() as reader:
                if not holds(reader, name, key):
                    return
            self._ledger.retrying(lambda writing: give_back(writing, name, key))
        except LedgerError:
            return

    def _written(self, work: Callable[[Writing], Answer]) -> Answer:
        """What a step over the ledger answers; without the ledger nothing is begun."""
        try:
            return self._ledger.retrying(work)
        except LedgerError as error:
            raise Again("identity_center_budget_unknown", SOON) from error


def _operations(instance: str) -> str:
    return f"{instance}/operations"
