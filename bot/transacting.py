"""One verb, one transaction: with the rules in force, and an answer when there are none or no ledger."""

from collections.abc import Callable
from typing import TypeVar

from bot.answers import LedgerAway, NoRules
from policies.rules import Policy
from workers.ledger.errors import Away, Stale
from workers.ledger.ledger import Ledger
from workers.ledger.writing import Writing

Answer = TypeVar("Answer")


def transact(
    ledger: Ledger, policy: Policy | None, work: Callable[[Writing, Policy], Answer]
) -> Answer | NoRules | LedgerAway:
    """What came of the work; it is done again when somebody else was faster."""
    if policy is None:
        return NoRules()
    try:
        return ledger.retrying(lambda writing: work(writing, policy))
    except (Away, Stale):
        return LedgerAway()
