"""Clouds against ledger: what the plan says about each difference."""

from hypothesis import given
from hypothesis import strategies as st

from policies.grant import GrantState
from policies.reconcile import Adopt, Flag, LookOnce, Report, Shorten, Sighting, plan
from tests.builders import HOUR, NOW, grant


def seen(number: int = 1, *, genuine: bool = True) -> Sighting:
    return Sighting(grant(number).holding, NOW + HOUR, genuine)


def recorded(number: int = 1, state: GrantState = GrantState.LIVE):
    return grant(number, state=state)


def test_where_both_agree_there_is_nothing_to_do():
    assert plan([recorded()], [seen()]) == ()
    assert plan([], []) == ()


def test_what_is_ours_and_unknown_is_adopted():
    assert plan([], [seen()]) == (Adopt(seen()),)


def test_what_is_not_signed_is_reported_whatever_the_ledger_says():
    foreign = seen(genuine=False)
    assert plan([], [foreign]) == (Report(foreign),)
    assert plan([recorded()], [foreign]) == (Report(foreign),)


def test_what_is_gone_and_found_is_looked_at_again():
    assert plan([recorded(state=GrantState.GONE)], [seen()]) == (LookOnce(seen().key),)


def test_what_is_live_and_not_found_is_flagged():
    assert plan([recorded()], []) == (Flag(recorded()),)


def test_what_somebody_had_already_is_not_ours_to_find():
    assert plan([recorded().model_copy(update={"standing": True})], []) == ()


def test_what_is_on_its_way_is_left_to_its_worker():
    for state in (GrantState.PLANNED, GrantState.GRANTING, GrantState.ENDING):
        assert plan([recorded(state=state)], []) == ()
        assert plan([recorded(state=state)], [seen()]) == ()


def test_what_is_there_for_longer_than_anybody_has_it_is_shortened():
    long = seen()._replace(ends_at=NOW + 2 * HOUR)
    assert plan([recorded()], [long]) == (Shorten(long.key),)
    longer = grant(2, holding=recorded().holding, state=GrantState.LIVE, ends_at=NOW + 2 * HOUR)
    assert plan([recorded(), longer], [long]) == ()


def test_what_its_cloud_does_not_end_is_not_too_long():
    assert plan([recorded()], [seen()._replace(ends_at=None)]) == ()


def test_a_holding_is_judged_by_all_its_grants():
    over = grant(2, holding=recorded().holding, state=GrantState.GONE, starts_at=NOW + HOUR)
    assert plan([recorded(), over], [seen()]) == ()
    assert plan([recorded(), over], []) == (Flag(recorded()),)
    both = recorded(), grant(3, holding=recorded().holding, state=GrantState.LIVE)
    assert plan(both, []) == (Flag(both[0]), Flag(both[1]))


def test_what_was_made_for_a_grant_that_the_ledger_has_lost_is_adopted():
    over = recorded(state=GrantState.GONE)
    of_another = seen()._replace(grant=grant(2).id)
    assert plan([over], [of_another]) == (Adopt(of_another),)
    of_itself = seen()._replace(grant=over.id)
    assert plan([over], [of_itself]) == (LookOnce(over.holding),)


@given(st.lists(st.integers(0, 20), unique=True), st.lists(st.integers(0, 20), unique=True), st.randoms())
def test_the_order_of_the_lists_changes_nothing(known, found, random):  # noqa: ANN001
    grants, sightings = [recorded(one) for one in known], [seen(one) for one in found]
    first = plan(grants, sightings)
    random.shuffle(grants)
    random.shuffle(sightings)
    assert plan(grants, sightings) == first
