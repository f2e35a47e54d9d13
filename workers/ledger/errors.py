"""What the ledger can raise.

```
LedgerError
├── Stale        the row changed since it was read: read it again and answer truthfully
├── Repeated     this operation was already done; `outcome` says what came of it
├── WrongEpoch   the ledger is not the one this process opened: the process must exit
└── Away         the database cannot be reached: nothing was written
```
"""


class LedgerError(Exception):
    """Something kept the ledger from doing what was asked; nothing was written."""


class Stale(LedgerError):
    """The row changed since it was read."""


class Repeated(LedgerError):
    """This operation was already done."""

    def __init__(self, outcome: str) -> None:
        super().__init__("this operation was already done")
        self.outcome = outcome


class WrongEpoch(LedgerError):
    """The ledger is not the one this process opened."""


class Away(LedgerError):
    """The database cannot be reached."""
