"""Whoever has left loses what they hold; everybody else keeps it."""

from pathlib import Path

import pytest

from policies.grant import EndCause, GrantState, confirmed, planned
from policies.people import People
from policies.rules import Policy
from policies.values import PersonId
from tests.builders import ANA, BEN, NOW, StoppedClock, grant, meridian
from workers.leavers import Leavers, end_for, holders
from workers.ledger.ledger import Ledger


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def hold(ledger: Ledger, number: int, person: PersonId, state: GrantState = GrantState.LIVE) -> None:
    """A grant of somebody's, in this state."""
    one = grant(number, person=person, state=GrantState.GRANTING)
    live = confirmed(one, NOW).value.model_copy(update={"state": state, "version": 0})
    ledger.retrying(lambda writing: writing.add_grants([planned(live)]))


def without(person: PersonId, policy: Policy, *, active: bool) -> Policy:
    """The organisation after somebody has left: marked so, or taken out of the file."""
    people = [
        one.model_copy(update={"active": False}) if one.id == person else one
        for one in policy.people.people
        if active is False or one.id != person
    ]
    parts = {name: getattr(policy, name) for name in Policy.model_fields}
    groups = tuple(
        group.model_copy(update={"members": tuple(one for one in group.members if one != person)})
        for group in policy.people.groups
    )
    return Policy(**{**parts, "people": People(people=tuple(people), groups=groups)})


def states(ledger: Ledger) -> dict[PersonId, set[tuple[GrantState, EndCause | None]]]:
    with ledger.reading() as reader:
        found: dict[PersonId, set[tuple[GrantState, EndCause | None]]] = {}
        for one in reader.grants():
            found.setdefault(one.person, set()).add((one.state, one.cause))
    return found


@pytest.mark.parametrize("active", [True, False])
def test_whoever_has_left_holds_nothing_after_the_next_look(
    ledger: Ledger, clock: StoppedClock, *, active: bool
):
    del clock
    for number, state in enumerate((GrantState.LIVE, GrantState.PLANNED, GrantState.EXTENDING), start=1):
        hold(ledger, number, ANA, state)
    hold(ledger, 9, BEN)
    policy = without(ANA, meridian(), active=active)
    assert Leavers(ledger, lambda: policy).run() == 1
    assert states(ledger) == {
        ANA: {(GrantState.ENDING, EndCause.LEFT)},
        BEN: {(GrantState.LIVE, None)},
    }
    assert holders(ledger) == (BEN,)
    assert Leavers(ledger, lambda: policy).run() == 0


def test_without_a_policy_nobody_is_known_to_have_left(ledger: Ledger):
    hold(ledger, 1, ANA)
    assert Leavers(ledger, lambda: None).run() == 0
    assert holders(ledger) == (ANA,)


def test_ending_for_somebody_who_holds_nothing_changes_nothing(ledger: Ledger):
    assert end_for(ledger, [ANA]) == 1
    assert states(ledger) == {}
