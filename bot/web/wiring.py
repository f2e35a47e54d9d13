"""The parts of the web API: no Slack token, no cloud credential."""

from functools import cached_property

from bot.desk import Desk
from bot.web.duty import DutyByLedger
from workers.shared import Shared


class Serving(Shared):
    """What the web API stands on: somebody waits for its answer, so bells are rung in the background."""

    def ring(self, names: frozenset[str]) -> None:
        """Ring bells after a commit, without waiting for Redis."""
        self.bells.ring_soon(names)

    @cached_property
    def desk(self) -> Desk:
        """The verbs behind every surface."""
        return Desk(self.ledger, self.policy, DutyByLedger(self.ledger, self.policy).refresh_for)
