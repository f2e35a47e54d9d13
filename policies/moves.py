"""What every state machine here shares: a table of moves, and the value a verb returns."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

from policies.audit import Event
from policies.values import PolicyError

Thing = TypeVar("Thing")
State = TypeVar("State", bound=StrEnum)
Verb = TypeVar("Verb", bound=StrEnum)


class IllegalMove(PolicyError):
    """A verb was tried in a state that does not have it."""

    def __init__(self, verb: StrEnum, state: StrEnum) -> None:
        super().__init__(f"cannot {verb.value} what is {state.value}")
        self.verb = verb
        self.state = state


class Moved(NamedTuple, Generic[Thing]):
    """The new value, and the audit events that must be written in the same transaction."""

    value: Thing
    events: tuple[Event, ...]


def after(table: Mapping[tuple[State, Verb], State], state: State, verb: Verb) -> State:
    """The state that follows, or IllegalMove."""
    try:
        return table[state, verb]
    except KeyError:
        raise IllegalMove(verb, state) from None
