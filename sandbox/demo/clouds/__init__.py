"""The demo's three clouds, each as its own stand-in shows it: what is there, who gets in, a hand not ours.

Nothing here asks the ledger. A person calls with what is theirs alone, as they would anywhere, and what comes
of it is the cloud's own word.
"""

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

import httpx

from policies.grant import Grant
from policies.people import People, Person
from policies.values import RoleName
from sandbox.demo.ports import CloudObject, CloudReading, NotPossibleError, Tried
from sandbox.world import World


class ShownCloud(ABC):
    """One cloud of the demo."""

    name: ClassVar[str]
    title: ClassVar[str]
    """As people read it."""
    place: ClassVar[str]
    may_add: ClassVar[bool] = False

    def __init__(self, world: World, people: People) -> None:
        self.world = world
        self.people = people
        self._last = CloudReading(self.name, self.title, self.place, (), world.clock.now())

    def read(self, now: datetime) -> CloudReading:
        """What it holds now; where it cannot be read, what it held when it last could be."""
        try:
            found, others = self.look()
        except httpx.HTTPError as error:
            return replace(self._last, problem=f"{self.title} cannot be read now: {type(error).__name__}.")
        self._last = CloudReading(
            self.name, self.title, self.place, found, now, others=others, may_add=self.may_add
        )
        return self._last

    @abstractmethod
    def look(self) -> tuple[tuple[CloudObject, ...], str]:
        """What has come since the start, and a sentence about what stood there before."""

    @abstractmethod
    def tries(self, person: Person, role: RoleName | None, grant: Grant | None) -> Tried:
        """Really call it as a person, for what a role is for; NotPossibleError when it says nothing."""

    @abstractmethod
    def remove(self, object_id: str) -> None:
        """Take an object away, as the cloud's own operator."""

    def add(self, person: Person) -> None:
        """Give a person access for good, as the cloud's own operator."""
        raise NotPossibleError(f"{person.name} can only be added by hand in Google Cloud and Azure.")

    def nobody(self, person: Person) -> NotPossibleError:
        """What is said when somebody has no account here."""
        return NotPossibleError(f"{person.name} has no account in {self.title}.")

    def silent(self, error: Exception) -> NotPossibleError:
        """What is said when the cloud does not answer."""
        return NotPossibleError(
            f"{self.title} did not answer, which says nothing about access: {type(error).__name__}."
        )

    def refused(self, code: str) -> NotPossibleError:
        """What is said when the cloud refuses its own operator."""
        return NotPossibleError(f"{self.title} refused: {code}.")

    def gone(self) -> NotPossibleError:
        """What is said when there is no such object any more."""
        return NotPossibleError(f"That is not in {self.title} any more.")


def slack_of(person: Person | None) -> str:
    """Somebody's Slack user id; "" for nobody."""
    return person.slack[0].user if person and person.slack else ""


def untouched(stood: int, stand: int) -> str:
    """Whether what stood there at the start, and is other people's, still does."""
    gone = f"{stood - stand} from before gone, " if stand < stood else ""
    return f"{gone}{stand} from before untouched."
