"""What every process stands on, whatever it does: its settings, its name, ledger, bells and policy."""

import os
import socket
from functools import cached_property

from workers.ledger.engine import open_engine
from workers.ledger.ledger import Ledger
from workers.policy_in_force import PolicyInForce
from workers.queue import Bells, connect
from workers.settings import Settings


class Shared:
    """Parts that bot, announcer, workers and clock share, each made when it is first used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = f"{socket.gethostname()}:{os.getpid()}"

    @cached_property
    def bells(self) -> Bells:
        """The nudges over Redis."""
        return Bells(connect(self.settings.redis), self.settings.keys)

    def ring(self, names: frozenset[str]) -> None:
        """Ring bells after a commit."""
        self.bells.ring(names)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, whose bells are rung after each commit."""
        return Ledger(open_engine(self.settings.ledger_url), ring=self.ring)

    @cached_property
    def policy(self) -> PolicyInForce:
        """The organisation's policy."""
        return PolicyInForce(self.settings.org)
