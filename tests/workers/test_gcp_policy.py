"""An allow policy read and changed, without Google: others' bindings never move, and ours are as wanted."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.grant import Grant
from policies.holding import Ensure, Remove
from policies.values import GrantId, HoldingKey, PersonId, RequestId, RoleName
from tests.builders import NOW, grant
from tests.gcp import EDITOR, INSTANCE, KEY, LOGS, SHOP, VIEWER, access_grant
from workers.clouds.cloud import Holding, Refused, Seen
from workers.clouds.gcp.policy import (
    LONGEST_DESCRIPTION,
    MOST_EXPRESSIONS,
    MOST_MEMBERS,
    AllowPolicy,
    Binding,
    Condition,
    Draft,
    Sight,
    marked,
    undeleted,
    written,
)
from workers.clouds.labels import Labels

OURS = Labels(INSTANCE, [KEY])
THEIRS = Labels(INSTANCE, [b"the key of another installation"])
UNTIL = NOW + timedelta(minutes=30)
LATER = UNTIL + timedelta(minutes=10)
ANA = "user:ana@meridian.example"
HOLDINGS = [
    Holding.of([access_grant(number, NOW, person=person, roles=roles)])
    for number, (person, roles) in enumerate(
        (person, roles) for person in ("ana", "ben") for roles in ((VIEWER,), (EDITOR, VIEWER), (LOGS,))
    )
]
SOMEBODYS, BOTH = HOLDINGS[0], HOLDINGS[1]
Plan = Ensure | Remove


def policy(*bindings: Binding) -> AllowPolicy:
    return AllowPolicy(SHOP.name, b"etag", bindings)


def sight(of: AllowPolicy, labels: Labels = OURS) -> Sight:
    return Sight(of, labels, NOW)


def given_to(holding: Holding, until: object = UNTIL, labels: Labels = OURS) -> list[Binding]:
    assert isinstance(until, type(UNTIL))
    return [written(holding, role, until, labels) for role in holding.entitlement.roles]  # type: ignore[union-attr]


def drafted(before: AllowPolicy, works: Sequence[tuple[Holding, Plan]]) -> Draft:
    draft = Draft(sight(before), OURS)
    for holding, plan in works:
        if isinstance(plan, Ensure):
            draft.ensure(holding, plan.until)
        else:
            draft.remove(holding)
    return draft


def after(before: AllowPolicy, works: Sequence[tuple[Holding, Plan]]) -> AllowPolicy:
    return drafted(before, works).finished()


# What can stand in a policy

ROLES = st.sampled_from([VIEWER, EDITOR, LOGS, "roles/browser"])
MEMBERS = st.sampled_from(
    [ANA, "user:ben@meridian.example", "group:sre@meridian.example", "deleted:user:x@y?uid=1"]
)
CONDITIONS = st.builds(
    Condition,
    title=st.sampled_from(["Created by: PAM", "prodaccess", "prodaccess 12", "prodaccess " + "0" * 20]),
    description=st.text(max_size=40),
    expression=st.sampled_from(['request.time < timestamp("2035-01-01T00:00:00Z")', "true"]),
)
STRANGERS = st.builds(
    Binding, ROLES, st.lists(MEMBERS, min_size=1, max_size=3, unique=True).map(tuple), st.none() | CONDITIONS
)
OWN = st.builds(
    lambda holding, until, role: written(holding, role, until, OURS),
    st.sampled_from(HOLDINGS),
    st.sampled_from([UNTIL, LATER, NOW - timedelta(minutes=1)]),
    st.sampled_from([VIEWER, EDITOR, LOGS]),
)
"""Ours, also for a role its holding does not have: whatever a policy can have come to."""
LIKE_OURS = st.builds(
    lambda binding, change: change(binding),
    OWN,
    st.sampled_from(
        [
            lambda one: one._replace(members=(*one.members, "user:ivy@meridian.example")),
            lambda one: one._replace(members=("user:ivy@meridian.example",)),
            lambda one: one._replace(role="roles/browser"),
            lambda one: one._replace(condition=one.condition._replace(location="here")),
            lambda one: one._replace(condition=one.condition._replace(expression="true")),
            lambda one: one._replace(condition=one.condition._replace(title="Prodaccess")),
            lambda one: one._replace(
                condition=one.condition._replace(expression=one.condition.expression.replace("2026", "2036"))
            ),
            lambda one: one._replace(
                condition=one.condition._replace(description=one.condition.description.replace("pa-", "pb-"))
            ),
            lambda one: one._replace(
                condition=one.condition._replace(description=f"{one.condition.description} ")
            ),
        ]
    ),
)
THEIRS_TOO = STRANGERS | LIKE_OURS
POLICIES = st.lists(THEIRS_TOO | OWN, max_size=12).map(lambda bindings: policy(*bindings))
PLANS = st.sampled_from([Ensure(UNTIL), Ensure(LATER), Remove(early=True)])
WORKS = st.lists(st.tuples(st.sampled_from(HOLDINGS), PLANS), unique_by=lambda work: work[0].key, max_size=6)


def tried(
    before: AllowPolicy, works: Sequence[tuple[Holding, Plan]]
) -> tuple[AllowPolicy, dict[HoldingKey, str]]:
    """What comes of works as an adapter does them: one that is refused does not stop the rest."""
    draft, refused = Draft(sight(before), OURS), {}
    for holding, plan in works:
        try:
            draft.ensure(holding, plan.until) if isinstance(plan, Ensure) else draft.remove(holding)
        except Refused as no:
            refused[holding.key] = no.problem
    return draft.finished(), refused


def others(of: AllowPolicy) -> list[Binding]:
    """The bindings that are not ours, in order."""
    own = {one.place for one in marked(of, OURS) if one.genuine}
    return [binding for place, binding in enumerate(of.bindings) if place not in own]


@given(POLICIES, WORKS)
def test_bindings_of_others_are_never_altered_nor_moved(
    before: AllowPolicy, works: list[tuple[Holding, Plan]]
):
    next_version, _ = tried(before, works)
    assert others(next_version) == others(before)
    assert (next_version.resource, next_version.etag) == (before.resource, before.etag)


@given(st.lists(THEIRS_TOO, max_size=12), st.sampled_from(HOLDINGS))
def test_giving_and_taking_away_leaves_a_policy_as_it_was(bindings: list[Binding], holding: Holding):
    before = policy(*bindings)
    given_now, refused = tried(before, [(holding, Ensure(UNTIL))])
    assert not refused
    taken, _ = tried(given_now, [(holding, Remove(early=True))])
    assert taken == before


@given(POLICIES, WORKS, st.randoms(use_true_random=False))
def test_works_in_any_order_come_to_the_same(before: AllowPolicy, works: list[tuple[Holding, Plan]], chance):  # type: ignore[no-untyped-def] # noqa: ANN001 (Hypothesis's own Random)
    shuffled = chance.sample(works, len(works))
    (one, no), (other, no_other) = tried(before, works), tried(before, shuffled)
    assert (Counter(one.bindings), no) == (Counter(other.bindings), no_other)


@given(POLICIES, st.sampled_from(HOLDINGS))
def test_whatever_stood_before_what_is_ensured_stands_once_for_each_role(
    before: AllowPolicy, holding: Holding
):
    once = after(before, [(holding, Ensure(UNTIL))])
    assert sight(once).of(holding) == Seen(UNTIL, complete=True)
    ours = [one.binding.role for one in sight(once).ours(holding.key)]
    assert sorted(ours) == sorted(holding.entitlement.roles)  # type: ignore[union-attr]
    assert not drafted(once, [(holding, Ensure(UNTIL))]).changes


@given(POLICIES, st.sampled_from(HOLDINGS))
def test_whatever_stood_before_nothing_of_ours_stands_once_it_is_removed(
    before: AllowPolicy, holding: Holding
):
    once, refused = tried(before, [(holding, Remove(early=True))])
    assert sight(once).ours(holding.key) == []
    assert sight(once).of(holding) == (Seen(None, complete=False) if refused else None)


# Written and read


def test_a_binding_says_who_what_until_when_and_for_which_grant():
    (binding,) = given_to(SOMEBODYS)
    mark = SOMEBODYS.key.rpartition("/")[2]
    assert (binding.role, binding.members) == (VIEWER, (ANA,))
    assert binding.condition is not None
    assert binding.condition.title == f"prodaccess {mark}"
    assert binding.condition.expression == 'request.time < timestamp("2026-11-24T14:32:11Z")'
    said, _, signature = binding.condition.description.rpartition(" ")
    assert said == (
        "v1 instance=prod-access-tests grant=pa-0000-1 request=pa-0000 person=ana role=prod-db-readonly"
    )
    assert re.fullmatch("signature=[0-9a-f]{64}", signature)


def test_what_was_written_reads_back_with_all_its_labels():
    (one,) = marked(policy(*given_to(SOMEBODYS)), OURS)
    assert one.genuine
    assert (one.key, one.until, one.member) == (SOMEBODYS.key, UNTIL, ANA)
    unsigned = {name: value for name, value in one.labels.items() if name != "signature"}
    assert unsigned == {name: OURS.of(SOMEBODYS, UNTIL)[name] for name in unsigned}


def test_the_longest_names_there_can_be_fit_into_a_description():
    longest = SOMEBODYS._replace(
        grant=GrantId("pa-7k3mx-10"),
        request=RequestId("pa-7k3mx"),
        person=PersonId("p" * 40),
        role=RoleName("r" * 40),
    )
    (binding,) = given_to(longest, labels=Labels("i" * 32, [KEY]))
    assert binding.condition is not None
    assert len(binding.condition.description) <= LONGEST_DESCRIPTION


@pytest.mark.parametrize("person", ["ana ruiz", "p" * 120])
def test_what_would_not_read_back_is_not_written(person: str):
    with pytest.raises(Refused, match="gcp_labels_do_not_fit"):
        given_to(SOMEBODYS._replace(person=PersonId(person)))


CHANGES: dict[str, Callable[[Binding, Condition], Binding]] = {
    "another member": lambda one, _: one._replace(members=("user:ivy@meridian.example",)),
    "a second member": lambda one, _: one._replace(members=(*one.members, "user:ivy@meridian.example")),
    "another role": lambda one, _: one._replace(role=EDITOR),
    "a later end": lambda one, said: one._replace(
        condition=said._replace(expression=said.expression.replace("2026", "2036"))
    ),
    "no end": lambda one, said: one._replace(condition=said._replace(expression="true")),
    "an end and something else": lambda one, said: one._replace(
        condition=said._replace(expression=f"{said.expression} || true")
    ),
    "another mark": lambda one, said: one._replace(condition=said._replace(title="prodaccess " + "0" * 20)),
    "another grant": lambda one, said: one._replace(
        condition=said._replace(description=said.description.replace("pa-0000-1", "pa-0001-1"))
    ),
    "a word more": lambda one, said: one._replace(
        condition=said._replace(description=f"{said.description} more=1")
    ),
    "no labels": lambda one, said: one._replace(condition=said._replace(description="")),
    "a location": lambda one, said: one._replace(condition=said._replace(location="here")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_binding_that_somebody_changed_is_not_ours(change: Callable[[Binding, Condition], Binding]):
    (binding,) = given_to(SOMEBODYS)
    assert binding.condition is not None
    (one,) = marked(policy(change(binding, binding.condition)), OURS)
    assert not one.genuine


def test_an_end_that_is_spelt_otherwise_is_not_ours():
    (binding,) = given_to(SOMEBODYS, UNTIL.replace(second=9))
    assert binding.condition is not None
    spelt = binding.condition._replace(expression=binding.condition.expression.replace(":09Z", ":9Z"))
    (one,) = marked(policy(binding._replace(condition=spelt)), OURS)
    assert (one.until, one.genuine) == (None, False)


def test_a_binding_on_another_resource_is_a_copy():
    copied = policy(*given_to(SOMEBODYS))._replace(resource="projects/another")
    assert [one.genuine for one in marked(copied, OURS)] == [False]


@pytest.mark.parametrize(
    "title", ["prodaccess", "prodaccess g-1", "prod-access " + "0" * 20, "prodaccess " + "g" * 20]
)
def test_without_our_mark_it_is_nobodys_of_ours(title: str):
    (binding,) = given_to(SOMEBODYS)
    assert binding.condition is not None
    assert marked(policy(binding._replace(condition=binding.condition._replace(title=title))), OURS) == ()


def test_letter_case_and_a_deleted_account_do_not_make_it_somebody_elses():
    (binding,) = given_to(SOMEBODYS)
    for member in ("user:Ana@Meridian.example", "deleted:user:ana@meridian.example?uid=112233"):
        (one,) = marked(policy(binding._replace(members=(member,))), OURS)
        assert one.genuine
    assert undeleted("deleted:user:ana@meridian.example?uid=112233") == ANA


def test_a_holding_of_another_cloud_is_a_mistake_of_ours():
    elsewhere = Holding.of([grant()])
    with pytest.raises(TypeError, match="is not a binding"):
        sight(policy()).without_end(elsewhere)
    with pytest.raises(TypeError, match="is not held by a Google member"):
        written(elsewhere, VIEWER, UNTIL, OURS)


# What a read shows


def test_what_misses_a_role_or_ends_at_two_moments_is_not_complete():
    first, second = given_to(BOTH)
    later = given_to(BOTH, LATER)[1]
    assert sight(policy(first, second)).of(BOTH) == Seen(UNTIL, complete=True)
    assert sight(policy(first)).of(BOTH) == Seen(UNTIL, complete=False)
    assert sight(policy(first, later)).of(BOTH) == Seen(UNTIL, complete=False)


def test_what_ended_and_still_stands_is_there():
    over = NOW - timedelta(days=1)
    assert sight(policy(*given_to(SOMEBODYS, over))).of(SOMEBODYS) == Seen(over, complete=True)


def test_what_somebody_altered_is_left_and_not_called_gone_while_it_grants_something():
    (binding,) = given_to(SOMEBODYS)
    shared = policy(binding._replace(members=(ANA, "user:ivy@meridian.example")))
    assert sight(shared).of(SOMEBODYS) == Seen(None, complete=False)
    with pytest.raises(Refused, match="gcp_binding_altered"):
        drafted(shared, [(SOMEBODYS, Remove(early=True))])
    assert Sight(shared, OURS, UNTIL).of(SOMEBODYS) is None


def test_what_somebody_gave_to_another_under_our_mark_does_not_keep_a_holding():
    (binding,) = given_to(SOMEBODYS)
    copied = policy(binding._replace(members=("user:ivy@meridian.example",)))
    assert sight(copied).of(SOMEBODYS) is None
    assert not drafted(copied, [(SOMEBODYS, Remove(early=True))]).changes


def test_what_another_installation_signed_is_not_ours_and_not_gone():
    theirs = policy(*given_to(SOMEBODYS, labels=THEIRS))
    assert sight(theirs).ours(SOMEBODYS.key) == []
    assert sight(theirs).of(SOMEBODYS) == Seen(None, complete=False)


def test_standing_access_is_seen_and_stays():
    standing = Binding(VIEWER, ("user:ivy@meridian.example", "user:Ana@meridian.example"))
    before = policy(standing)
    assert sight(before).without_end(BOTH) == (VIEWER,)
    given_too = after(before, [(BOTH, Ensure(UNTIL))])
    assert len(given_too.bindings) == 3
    assert after(given_too, [(BOTH, Remove(early=True))]) == before


# Changed


def test_moving_an_end_replaces_the_binding_in_one_version():
    moved = after(policy(*given_to(SOMEBODYS)), [(SOMEBODYS, Ensure(LATER))])
    assert moved.bindings == tuple(given_to(SOMEBODYS, LATER))


def test_one_grant_after_another_of_one_holding_is_one_binding():
    second = SOMEBODYS._replace(grant=GrantId("pa-0099-1"), request=RequestId("pa-0099"))
    before = policy(*given_to(SOMEBODYS))
    assert not drafted(before, [(second, Ensure(UNTIL))]).changes
    (binding,) = after(before, [(second, Ensure(LATER))]).bindings
    assert binding.condition is not None
    assert "grant=pa-0099-1" in binding.condition.description


def test_what_is_signed_with_the_key_before_is_taken_away():
    rotated = Labels(INSTANCE, [b"the key in use now, long enough", KEY])
    draft = Draft(Sight(policy(*given_to(SOMEBODYS)), rotated, NOW), rotated)
    draft.remove(SOMEBODYS)
    assert draft.finished().bindings == ()


def test_what_is_left_over_is_taken_along_by_a_write_of_its_role():
    long_ago, just_now = NOW - timedelta(hours=2), NOW - timedelta(minutes=59)
    left_over, fresh, other_role = HOLDINGS[3], HOLDINGS[0], HOLDINGS[2]
    before = policy(
        *given_to(left_over, long_ago), *given_to(other_role, long_ago), *given_to(fresh, just_now)
    )
    draft = Draft(sight(before), OURS)
    assert not draft.changes
    draft.ensure(HOLDINGS[4], UNTIL)
    assert draft.finished().bindings == (*before.bindings[1:], *given_to(HOLDINGS[4]))


def test_what_another_installation_left_over_is_not_taken_along():
    (theirs,) = given_to(HOLDINGS[3], NOW - timedelta(days=1), THEIRS)
    assert theirs in after(policy(theirs), [(SOMEBODYS, Ensure(UNTIL))]).bindings


# Limits


def crowd(number: int) -> Grant:
    return access_grant(number, NOW, member=f"principal://x/subject/{number}")


def test_a_policy_that_is_full_of_members_refuses_one_more_and_takes_an_end():
    full = Binding(
        "roles/browser", tuple(f"user:{number}@meridian.example" for number in range(MOST_MEMBERS))
    )
    with pytest.raises(Refused, match="gcp_policy_full"):
        drafted(policy(full), [(SOMEBODYS, Ensure(UNTIL))])
    assert after(policy(full, *given_to(SOMEBODYS)), [(SOMEBODYS, Remove(early=True))]) == policy(full)


def test_a_policy_that_is_full_of_text_refuses_one_more_and_keeps_what_fitted():
    works: list[tuple[Holding, Plan]] = [
        (Holding.of([crowd(number)]), Ensure(UNTIL)) for number in range(250)
    ]
    filled, refused = tried(policy(), works)
    assert set(refused.values()) == {"gcp_policy_full"}
    assert 100 < len(filled.bindings) == 250 - len(refused)


def test_what_ends_makes_room_for_what_starts():
    full = [Holding.of([crowd(number)]) for number in range(3)]
    room = sum(len(str(one)) for holding in full for one in given_to(holding))
    before = policy(*(one for holding in full for one in given_to(holding)))
    draft = Draft(sight(before), OURS, most_bytes=room)
    one_more = Holding.of([crowd(3)])
    with pytest.raises(Refused, match="gcp_policy_full"):
        draft.ensure(one_more, UNTIL)
    draft.remove(full[0])
    draft.ensure(one_more, UNTIL)
    assert len(draft.finished().bindings) == 3


def test_twenty_conditions_of_one_member_and_role_are_all_there_can_be():
    when = 'request.time < timestamp("2035-01-01T00:00:{:02}Z")'
    twenty = [
        Binding(VIEWER, ("user:Ana@meridian.example",), Condition("t", "", when.format(second)))
        for second in range(MOST_EXPRESSIONS)
    ]
    with pytest.raises(Refused, match="gcp_too_many_conditions"):
        drafted(policy(*twenty), [(SOMEBODYS, Ensure(UNTIL))])
    assert len(after(policy(*twenty[1:]), [(SOMEBODYS, Ensure(UNTIL))]).bindings) == MOST_EXPRESSIONS


def test_moving_an_end_needs_no_room_and_refused_it_leaves_the_old_end():
    when = 'request.time < timestamp("2035-01-01T00:00:{:02}Z")'
    nineteen = [
        Binding(VIEWER, (ANA,), Condition("t", "", when.format(second)))
        for second in range(MOST_EXPRESSIONS - 1)
    ]
    before = policy(*nineteen, *given_to(SOMEBODYS))
    assert sight(after(before, [(SOMEBODYS, Ensure(LATER))])).of(SOMEBODYS) == Seen(LATER, complete=True)
    crowded = policy(*before.bindings, Binding(VIEWER, (ANA,), Condition("t", "", when.format(59))))
    moved, refused = tried(crowded, [(SOMEBODYS, Ensure(LATER))])
    assert refused == {SOMEBODYS.key: "gcp_too_many_conditions"}
    assert moved == crowded
    _, refused = tried(crowded, [(SOMEBODYS, Ensure(LATER)), (BOTH, Ensure(UNTIL))])
    assert BOTH.key not in refused  # whose condition is that of the old end, which stands
