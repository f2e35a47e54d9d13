"""Who may say yes, and when there are enough yeses."""

from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.approval import (
    AlreadyCounted,
    Approval,
    ApprovalSlot,
    Full,
    MayApprove,
    NotAnApprover,
    OwnRequest,
    can_fill,
    judge,
    still_asked,
    tally,
)
from policies.people import People
from policies.values import GroupName, PersonId
from tests.policies.builders import WEDNESDAY_NOON, people, slot

ANA, BEN, CHLOE, DEV, EMI, GUS = map(PersonId, ("ana", "ben", "chloe", "dev", "emi", "gus"))
DB, SECURITY = slot("db-oncall"), slot("security")
KNOWN = people()


def yes(who: PersonId, *groups: str, minute: int = 0) -> Approval:
    at = WEDNESDAY_NOON + timedelta(minutes=minute)
    return Approval(person=who, at=at, groups=tuple(GroupName(group) for group in groups), digest="d")


BENS = yes(BEN, "db-oncall", "engineers")
EMIS = yes(EMI, "security", minute=1)


def test_without_slots_nobody_else_is_needed():
    assert tally([], [], KNOWN).complete


def test_one_of_two_slots_filled_leaves_the_other():
    found = tally([DB, SECURITY], [BENS], KNOWN)
    assert [one.people for one in found.filled] == [("ben",), ()]
    assert found.missing == (SECURITY,)
    assert found.still_needed == 1


def test_both_slots_filled_is_complete():
    assert tally([DB, SECURITY], [BENS, EMIS], KNOWN).complete


def test_a_slot_of_two_takes_two_people():
    pair = slot("db-oncall", count=2)
    assert tally([pair], [BENS], KNOWN).missing == (slot("db-oncall", count=1),)
    assert tally([pair], [BENS, yes(CHLOE, "db-oncall")], KNOWN).filled[0].people == ("ben", "chloe")


def test_one_person_in_two_groups_fills_one_slot():
    both = people({"db-oncall": ("emi",), "security": ("emi",)})
    assert tally([DB, SECURITY], [yes(EMI, "db-oncall", "security")], both).still_needed == 1


def test_somebody_who_could_fill_either_slot_makes_room_for_somebody_who_cannot():
    either, only_db = yes(EMI, "db-oncall", "security"), yes(BEN, "db-oncall", minute=1)
    found = tally([DB, SECURITY], [either, only_db], KNOWN)
    assert [one.people for one in found.filled] == [("ben",), ("emi",)]


def test_going_off_call_takes_no_yes_back_and_leaving_does():
    changed = people({"db-oncall": ("chloe", "gus")})
    assert tally([DB], [BENS], changed).complete
    assert not tally([DB], [yes(GUS, "db-oncall")], changed).complete


def test_a_yes_for_another_group_fills_nothing():
    assert tally([SECURITY], [BENS], KNOWN).missing == (SECURITY,)


def test_people_who_never_count_do_not():
    assert tally([DB], [BENS], KNOWN, never=[BEN]).still_needed == 1


def test_an_approver_may_say_yes_and_their_groups_are_noted():
    assert judge(BEN, ANA, ANA, [DB, SECURITY], [], KNOWN) == MayApprove(groups=(GroupName("db-oncall"),))


@pytest.mark.parametrize(("requester", "beneficiary"), [(BEN, ANA), (ANA, BEN), (BEN, BEN)])
def test_nobody_says_yes_to_what_they_asked_for_or_would_have(requester: PersonId, beneficiary: PersonId):
    assert judge(BEN, requester, beneficiary, [DB], [], KNOWN) == OwnRequest(asked=(CHLOE,))


def test_somebody_else_is_told_who_decides():
    assert judge(DEV, ANA, ANA, [DB], [], KNOWN) == NotAnApprover(
        groups=(GroupName("db-oncall"),), asked=(BEN, CHLOE)
    )


def test_a_second_click_is_told_what_is_missing():
    assert judge(BEN, ANA, ANA, [DB, SECURITY], [BENS], KNOWN) == AlreadyCounted(missing=(SECURITY,))


def test_a_yes_nobody_needs_any_more_is_told_so():
    assert judge(CHLOE, ANA, ANA, [DB], [BENS], KNOWN) == Full()


def test_the_wrong_group_is_told_which_is_missing():
    verdict = judge(CHLOE, ANA, ANA, [DB, SECURITY], [BENS], KNOWN)
    assert verdict == NotAnApprover(groups=(GroupName("security"),), asked=(EMI,))


def test_somebody_who_left_cannot_say_yes():
    left = people({"db-oncall": ("gus",)})
    assert isinstance(judge(GUS, ANA, ANA, [DB], [], left), NotAnApprover)


def test_a_yes_of_the_requester_on_record_never_counts():
    assert still_asked([DB], [BENS], KNOWN, never=[BEN]) == (CHLOE,)


NAMES = ("ana", "ben", "chloe", "dev", "emi", "ivy")
GROUPS = ("g1", "g2", "g3")
members = st.fixed_dictionaries({group: st.sets(st.sampled_from(NAMES)) for group in GROUPS})
slots = st.lists(
    st.builds(
        ApprovalSlot,
        groups=st.sets(st.sampled_from(GROUPS), min_size=1).map(lambda names: tuple(sorted(names))),
        count=st.integers(1, 2),
    ),
    max_size=3,
)
names = st.sampled_from(NAMES).map(PersonId)


def all_say_yes(known: People, who: list[PersonId]) -> list[Approval]:
    return [yes(one, *sorted(known.groups_of(one)), minute=minute) for minute, one in enumerate(who)]


def most_seats_by_trying_everything(known: People, wanted: list[ApprovalSlot], who: list[PersonId]) -> int:
    seats = [one.groups for one in wanted for _ in range(one.count)]
    padded = [*who, *([None] * len(seats))]
    return max(
        sum(
            person is not None and bool(known.groups_of(person).intersection(seat))
            for person, seat in zip(order, seats, strict=True)
        )
        for order in set(permutations(padded, len(seats)))
    )


@given(
    members,
    slots.filter(lambda wanted: sum(one.count for one in wanted) <= 4),
    st.lists(names, unique=True, max_size=3),
)
def test_as_many_places_are_filled_as_can_be(
    groups: dict[str, set[str]], wanted: list[ApprovalSlot], who: list[PersonId]
):
    known = people(groups)
    found = tally(wanted, all_say_yes(known, who), known)
    needed = sum(one.count for one in wanted)
    assert needed - found.still_needed == most_seats_by_trying_everything(known, wanted, who)


@given(members, slots, st.lists(names, unique=True), names, names)
def test_only_different_people_other_than_requester_and_beneficiary_are_counted(
    groups: dict[str, set[str]],
    wanted: list[ApprovalSlot],
    who: list[PersonId],
    requester: PersonId,
    beneficiary: PersonId,
):
    known = people(groups)
    found = tally(wanted, all_say_yes(known, who), known, never={requester, beneficiary})
    counted = [one for filled in found.filled for one in filled.people]
    assert len(counted) == len(set(counted))
    assert not {requester, beneficiary}.intersection(counted)


@given(members, slots, st.lists(names, unique=True, max_size=4), names, names)
def test_whoever_may_approve_brings_it_one_yes_nearer(
    groups: dict[str, set[str]],
    wanted: list[ApprovalSlot],
    who: list[PersonId],
    requester: PersonId,
    clicker: PersonId,
):
    known = people(groups)
    given_yes = all_say_yes(known, [one for one in who if one != requester])
    before = tally(wanted, given_yes, known, never={requester})
    verdict = judge(clicker, requester, requester, wanted, given_yes, known)
    if isinstance(verdict, MayApprove):
        mine = yes(clicker, *verdict.groups, minute=30)
        after = tally(wanted, [*given_yes, mine], known, never={requester})
        assert after.still_needed == before.still_needed - 1


@given(members, slots)
def test_slots_can_be_filled_exactly_when_everybodys_yes_fills_them(
    groups: dict[str, set[str]], wanted: list[ApprovalSlot]
):
    known = people(groups)
    everybody = [PersonId(name) for name in NAMES]
    standing = [(one, known.groups_of(one)) for one in everybody]
    assert can_fill(wanted, standing) == tally(wanted, all_say_yes(known, everybody), known).complete
