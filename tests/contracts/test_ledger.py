"""What every ledger promises, on SQLite and on PostgreSQL."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from policies.audit import verify
from policies.grant import EndCause, GrantState, ending, planned
from policies.holding import (
    Absent,
    Direction,
    Ensure,
    LookAgain,
    Present,
    RefusedForGood,
    Remove,
    StillThere,
    Unreachable,
)
from policies.incident import (
    Heard,
    Incident,
    IncidentState,
    PagerEvent,
    PagerName,
    PagerVerb,
    heard,
)
from policies.incident import closed as incident_closed
from policies.incident import opened as incident_opened
from policies.request import WARNING, RequestState, approved, asked, denied, withdrawn
from policies.review import Review, Verdict, answered
from policies.review import opened as review_opened
from policies.values import GroupName, IncidentId, RequestId
from tests.builders import ANA, AWS, BEN, EMI, HOUR, NOW, StoppedClock, grant, request, yes
from workers.ledger import deliveries, incidents, notices, on_call, reviews
from workers.ledger.claims import Claim, Settled, claim_due, renew_claims, settle_claims
from workers.ledger.engine import open_engine, write_transaction
from workers.ledger.errors import Repeated, Stale, WrongEpoch
from workers.ledger.ledger import Ledger
from workers.ledger.migrate import is_current, migrate
from workers.ledger.reading import Token
from workers.ledger.writing import Writing


def ask(ledger: Ledger, number: int = 1) -> None:
    with ledger.writing() as writing:
        writing.add_request(asked(request(number)))


def approve(ledger: Ledger, number: int = 1) -> None:
    """Ask and approve: one planned grant, due now."""
    ask(ledger, number)
    with ledger.writing() as writing:
        waiting = writing.request(request(number).id)
        assert waiting is not None
        writing.save_request(approved(waiting, yes(), NOW))
        writing.add_grants([planned(grant(number))])


def claim(ledger: Ledger, direction: Direction = Direction.GRANT, most: int = 10) -> tuple[Claim, ...]:
    return ledger.retrying(lambda writing: claim_due(writing, AWS, direction, worker="w1", most=most))


def settle(ledger: Ledger, *settled: Settled) -> tuple[Claim, ...]:
    return ledger.retrying(lambda writing: settle_claims(writing, settled))


def go_live(ledger: Ledger, number: int = 1) -> None:
    approve(ledger, number)
    (held,) = claim(ledger)
    settle(ledger, Settled(held, Present(NOW + HOUR)))


def state(ledger: Ledger, number: int = 1) -> tuple[RequestState, GrantState]:
    with ledger.reading() as reader:
        found = reader.request(request(number).id)
        (granted,) = reader.grants_of(request(number).id)
        assert found is not None
        return found.state, granted.state


def test_migrating_twice_changes_nothing(ledger: Ledger):
    migrate(ledger.engine)
    assert is_current(ledger.engine)


def test_a_request_is_read_back_as_it_was_written(ledger: Ledger):
    ask(ledger)
    with ledger.reading() as reader:
        found = reader.request(request().id)
    assert found == asked(request()).value


def test_two_decisions_over_one_version_make_one(ledger: Ledger):
    ask(ledger)
    with ledger.reading() as reader:
        waiting = reader.request(request().id)
    assert waiting is not None
    with ledger.writing() as writing:
        writing.save_request(approved(waiting, yes(), NOW))
    with pytest.raises(Stale), ledger.writing() as writing:
        writing.save_request(denied(waiting, BEN, "note", NOW))
    with ledger.reading() as reader:
        kinds = [entry.kind for entry in reader.entries()]
    assert kinds == ["request.asked", "request.approved"]


def test_a_lost_race_leaves_no_audit_entry_and_rings_no_bell(ledger: Ledger, bells: list[str]):
    ask(ledger)
    bells.clear()
    with pytest.raises(Stale), ledger.writing() as writing:
        writing.save_request(withdrawn(request(version=7), ANA, NOW))
    with ledger.reading() as reader:
        assert len(list(reader.entries())) == 1
    assert bells == []


def test_a_repeated_operation_is_told_what_came_of_the_first(ledger: Ledger):
    with ledger.writing(operation="click-1", outcome="approved by ben") as writing:
        writing.add_request(asked(request()))
    with pytest.raises(Repeated) as caught, ledger.writing(operation="click-1"):
        pytest.fail("the second try got in")
    assert caught.value.outcome == "approved by ben"


def test_the_same_operation_at_once_is_done_once(ledger: Ledger):
    done: list[str] = []
    start = threading.Barrier(6)

    def attempt(number: int) -> None:
        start.wait()
        try:
            with ledger.writing(operation="click-1") as writing:
                writing.add_request(asked(request(number)))
            done.append("first")
        except (Repeated, Stale):
            done.append("again")

    threads = [threading.Thread(target=attempt, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["again"] * 5 + ["first"]


def test_the_audit_log_is_a_chain_in_commit_order_under_threads(ledger: Ledger):
    threads = [threading.Thread(target=ask, args=(ledger, number)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with ledger.reading() as reader:
        entries = list(reader.entries())
        assert reader.head() == (12, entries[-1].hash)
    assert [entry.seq for entry in entries] == list(range(1, 13))
    assert verify(entries) is None


@pytest.mark.parametrize("statement", ["UPDATE events SET body = '{}'", "DELETE FROM events"])
def test_the_database_itself_refuses_to_change_the_audit_log(ledger: Ledger, statement: str):
    ask(ledger)
    with (
        pytest.raises(DBAPIError, match="append-only"),
        write_transaction(ledger.engine) as connection,
    ):
        connection.execute(text(statement))


def test_the_log_can_be_read_and_written_in_one_transaction(ledger: Ledger):
    ask(ledger)
    with ledger.writing() as writing:
        assert len(list(writing.entries(request=request().id))) == 1
        assert writing.token_for(request().id, 0)


def test_free_text_is_kept_apart_and_by_a_salted_reference(ledger: Ledger):
    with ledger.writing() as writing:
        first = writing.keep_text("replication lag")
        second = writing.keep_text("replication lag")
    assert first != second
    with ledger.reading() as reader:
        assert reader.text(first) == "replication lag"
        assert reader.text("nothing") is None


def test_a_process_that_meets_another_ledger_stops(ledger: Ledger):
    ask(ledger)
    with write_transaction(ledger.engine) as connection:
        connection.execute(text("UPDATE chain SET epoch = 'another'"))
    with pytest.raises(WrongEpoch), ledger.writing() as writing:
        writing.add_request(asked(request(2)))


def test_planning_a_grant_rings_its_drain_and_the_announcer(ledger: Ledger, bells: list[str]):
    ask(ledger)
    bells.clear()
    with ledger.writing() as writing:
        writing.add_grants([planned(grant())])
    assert bells == ["announce", "grant-aws"]


def test_a_claim_begins_the_grant_before_any_cloud_call(ledger: Ledger):
    approve(ledger)
    (held,) = claim(ledger)
    assert held.plan == Ensure(NOW + HOUR)
    assert state(ledger) == (RequestState.APPROVED, GrantState.GRANTING)


def test_what_is_claimed_is_not_claimed_again_until_the_claim_runs_out(ledger: Ledger, clock: StoppedClock):
    approve(ledger)
    (first,) = claim(ledger)
    assert claim(ledger) == ()
    clock.move(timedelta(seconds=20))
    (second,) = claim(ledger)
    assert (first.number, second.number) == (1, 2)


def test_a_renewed_claim_lasts_longer_and_an_overtaken_one_cannot_be_renewed(
    ledger: Ledger, clock: StoppedClock
):
    approve(ledger)
    (first,) = claim(ledger)
    clock.move(timedelta(seconds=15))
    assert ledger.retrying(lambda writing: renew_claims(writing, [first])) == {first}
    clock.move(timedelta(seconds=15))
    assert claim(ledger) == ()
    clock.move(timedelta(seconds=15))
    claim(ledger)
    assert ledger.retrying(lambda writing: renew_claims(writing, [first])) == frozenset()


def test_an_overtaken_worker_changes_nothing(ledger: Ledger, clock: StoppedClock):
    approve(ledger)
    (first,) = claim(ledger)
    clock.move(timedelta(seconds=20))
    claim(ledger)
    assert settle(ledger, Settled(first, Present(NOW + HOUR))) == (first,)
    assert state(ledger)[1] is GrantState.GRANTING


def test_a_read_that_shows_it_makes_it_live_and_the_request_active(ledger: Ledger):
    go_live(ledger)
    assert state(ledger) == (RequestState.ACTIVE, GrantState.LIVE)
    with ledger.reading() as reader:
        assert reader.next_alarm(NOW) == NOW + HOUR - WARNING
        assert reader.next_alarm(NOW + HOUR - WARNING) == NOW + HOUR


def test_a_live_grant_is_due_for_the_revoke_drain_exactly_at_its_end(ledger: Ledger, clock: StoppedClock):
    go_live(ledger)
    clock.move(HOUR - timedelta(microseconds=1))
    assert claim(ledger, Direction.REVOKE) == ()
    clock.move(timedelta(microseconds=1))
    (held,) = claim(ledger, Direction.REVOKE)
    assert held.plan == Remove(early=False)
    assert held.grants[0].cause is EndCause.ON_TIME


def test_gone_needs_a_read_and_keeps_one_last_look(ledger: Ledger, clock: StoppedClock):
    go_live(ledger)
    clock.move(HOUR)
    (held,) = claim(ledger, Direction.REVOKE)
    settle(ledger, Settled(held, Absent()))
    assert state(ledger) == (RequestState.ENDED, GrantState.GONE)
    clock.move(timedelta(seconds=90))
    (last,) = claim(ledger, Direction.REVOKE)
    assert last.plan == LookAgain()
    settle(ledger, Settled(last, Absent()))
    with ledger.reading() as reader:
        assert reader.next_alarm(NOW) is None


def test_what_the_last_look_finds_is_taken_back_again(ledger: Ledger, clock: StoppedClock):
    go_live(ledger)
    clock.move(HOUR)
    (held,) = claim(ledger, Direction.REVOKE)
    settle(ledger, Settled(held, Absent()))
    clock.move(timedelta(seconds=90))
    (last,) = claim(ledger, Direction.REVOKE)
    settle(ledger, Settled(last, StillThere()))
    (again,) = claim(ledger, Direction.REVOKE)
    assert again.plan == Remove(early=True)


def test_an_unreachable_cloud_is_tried_again_later_and_never_called_gone(ledger: Ledger, clock: StoppedClock):
    go_live(ledger)
    clock.move(HOUR)
    (held,) = claim(ledger, Direction.REVOKE)
    settle(ledger, Settled(held, Unreachable("timeout")))
    assert state(ledger) == (RequestState.ACTIVE, GrantState.ENDING)
    assert claim(ledger, Direction.REVOKE) == ()
    clock.move(timedelta(seconds=1))
    assert len(claim(ledger, Direction.REVOKE)) == 1


def test_a_cloud_that_refuses_for_good_takes_the_whole_request_back(ledger: Ledger):
    approve(ledger)
    (held,) = claim(ledger)
    settle(ledger, Settled(held, RefusedForGood("LimitExceeded")))
    assert state(ledger) == (RequestState.FAILED, GrantState.ENDING)
    (back,) = claim(ledger, Direction.REVOKE)
    assert back.plan == Remove(early=True)


def test_ending_a_grant_while_it_is_being_made_wins_over_the_worker(ledger: Ledger):
    approve(ledger)
    (held,) = claim(ledger)
    with ledger.writing() as writing:
        making = writing.grants_of(request().id)[0]
        writing.save_grant(ending(making, EndCause.BY_HOLDER, NOW, ANA))
    settle(ledger, Settled(held, Present(NOW + HOUR)))
    assert state(ledger)[1] is GrantState.ENDING
    assert len(claim(ledger, Direction.REVOKE)) == 1


def test_a_batch_settles_together_and_a_stale_row_is_skipped_alone(ledger: Ledger, clock: StoppedClock):
    for number in range(3):
        approve(ledger, number)
    held = claim(ledger)
    clock.move(timedelta(seconds=20))
    overtaking = claim(ledger, most=1)
    stale = settle(ledger, *(Settled(one, Present(NOW + HOUR)) for one in held))
    assert [one.holding for one in stale] == [overtaking[0].holding]
    with ledger.reading() as reader:
        assert len(reader.grants(states=[GrantState.LIVE])) == 2


def test_many_workers_claim_each_holding_once(ledger: Ledger):
    for number in range(20):
        approve(ledger, number)
    taken: list[str] = []
    start = threading.Barrier(5)

    def work() -> None:
        start.wait()
        while mine := claim(ledger, most=3):
            taken.extend(one.holding for one in mine)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 20


def test_a_token_stands_for_one_version_on_one_message(ledger: Ledger):
    with ledger.writing() as writing:
        first = writing.token_for(request().id, 0)
        assert writing.token_for(request().id, 0) == first
        later = writing.token_for(request().id, 1)
        writing.bind_tokens(request().id, 1, "1.1")
    assert len({first, later}) == 2
    with ledger.reading() as reader:
        bound, unbound = reader.token(later), reader.token(first)
        assert reader.token("made up") is None
    assert bound == Token(later, request().id, 1, "1.1")
    assert unbound == Token(first, request().id, 0, None)


def test_a_cursor_has_one_holder_at_a_time(ledger: Ledger, clock: StoppedClock):
    until = NOW + timedelta(seconds=10)

    def hold(who: str) -> bool:
        return ledger.retrying(lambda writing: writing.hold_cursor("announce", who, until))

    assert hold("one")
    assert hold("one")
    assert not hold("two")
    ledger.retrying(lambda writing: writing.move_cursor("announce", "one", 7))
    clock.move(timedelta(seconds=10))
    assert hold("two")
    with pytest.raises(Stale), ledger.writing() as writing:
        writing.move_cursor("announce", "one", 9)
    with ledger.reading() as reader:
        assert reader.cursor("announce") == 7


def test_a_row_that_changed_under_us_is_read_again(ledger: Ledger):
    ask(ledger)
    tries: list[int] = []

    def work(writing: Writing) -> None:
        tries.append(1)
        waiting = writing.request(request().id)
        assert waiting is not None
        off_by = 5 if len(tries) == 1 else 0
        writing.save_request(
            withdrawn(waiting.model_copy(update={"version": waiting.version + off_by}), ANA, NOW)
        )

    ledger.retrying(work)
    assert len(tries) == 2


def test_only_two_kinds_of_database_are_opened():
    with pytest.raises(ValueError, match="sqlite:///FILE or postgresql"):
        open_engine("mysql://x")
    with pytest.raises(ValueError, match="needs a file"):
        open_engine("sqlite://")


# Incidents


def incident(number: int = 42, **changes: object) -> Incident:
    made = Incident(
        id=IncidentId(f"INC-{number}"),
        title="text-1",
        opened_at=NOW,
        live_since=NOW,
        heard_at=NOW,
    )
    return made.model_copy(update=changes)


def paged(number: int = 42, *, pager: str = "pagerduty", key: str = "Q1") -> Incident:
    return incident(number, pager=PagerName(pager), key=key)


def break_down(ledger: Ledger, made: Incident) -> Incident:
    with ledger.writing() as writing:
        return incidents.add(writing, incident_opened(made, NOW))


def resolve(ledger: Ledger, made: Incident) -> Incident:
    news = Heard(verb=PagerVerb.RESOLVED, at=NOW, delivery="d")
    moved = heard(made, news, NOW, timedelta(minutes=10))
    assert moved is not None
    with ledger.writing() as writing:
        return incidents.save(writing, moved)


def test_an_incident_is_found_by_its_name_and_by_its_pagers_id(ledger: Ledger):
    made = break_down(ledger, paged())
    with ledger.reading() as reader:
        assert incidents.find(reader, made.id) == made
        assert incidents.of_pager(reader, PagerName("pagerduty"), "Q1") == made
        assert incidents.of_pager(reader, PagerName("incident-io"), "Q1") is None
        assert incidents.find(reader, IncidentId("INC-43")) is None


@pytest.mark.parametrize("second", [paged(42, key="Q2"), paged(43)], ids=["its name", "its pager's id"])
def test_an_incident_whose_name_or_pagers_id_is_taken_is_not_added(ledger: Ledger, second: Incident):
    break_down(ledger, paged())
    with pytest.raises(Stale):
        break_down(ledger, second)
    with ledger.reading() as reader:
        assert [entry.kind for entry in reader.entries()] == ["incident.opened"]


def test_any_number_of_incidents_without_a_pager_are_kept(ledger: Ledger):
    break_down(ledger, incident(1))
    break_down(ledger, incident(2, opened_at=NOW + HOUR))
    with ledger.reading() as reader:
        newest_first = [one.id for one in incidents.in_states(reader, [IncidentState.LIVE])]
    assert newest_first == ["INC-2", "INC-1"]


def test_two_changes_of_one_version_of_an_incident_make_one(ledger: Ledger):
    made = break_down(ledger, incident())
    resolve(ledger, made)
    with pytest.raises(Stale), ledger.writing() as writing:
        incidents.save(writing, incident_closed(made, None, NOW))
    with ledger.reading() as reader:
        assert incidents.in_states(reader, [IncidentState.LIVE, IncidentState.CLOSED]) == ()
        assert [one.id for one in incidents.in_states(reader, [IncidentState.RESOLVED])] == [made.id]


def test_an_incident_is_due_when_its_grace_time_is_over_and_is_the_next_alarm(ledger: Ledger):
    resolve(ledger, break_down(ledger, incident()))
    over = NOW + timedelta(minutes=10)
    with ledger.reading() as reader:
        assert reader.next_alarm(NOW) == over
        assert incidents.due(reader, over - timedelta(microseconds=1)) == ()
        assert [one.id for one in incidents.due(reader, over)] == ["INC-42"]


def test_what_hangs_on_an_incident_is_found_by_its_state(ledger: Ledger):
    with ledger.writing() as writing:
        for number, named in ((1, "INC-42"), (2, "INC-43"), (3, None), (4, "INC-42")):
            hanging = IncidentId(named) if named else None
            writing.add_request(asked(request(number, incident=hanging)))
        waiting = writing.request(request(4).id)
        assert waiting is not None
        writing.save_request(withdrawn(waiting, ANA, NOW))
    with ledger.reading() as reader:
        found = reader.requests_in(IncidentId("INC-42"), [RequestState.PENDING])
    assert [one.id for one in found] == ["pa-0001"]


# Reviews


def review(number: int = 1, **changes: object) -> Review:
    made = Review(
        id=RequestId(f"pa-{number:04d}"),
        holder=ANA,
        handed_out_by=ANA,
        reviewers=(GroupName("security"),),
        opened_at=NOW,
        ends_at=NOW + timedelta(days=1),
        due_at=None,
    )
    return made.model_copy(update=changes)


def want_review(ledger: Ledger, made: Review) -> Review:
    with ledger.writing() as writing:
        return reviews.add(writing, review_opened(made))


def test_reviews_wait_for_all_or_for_one_holder_the_one_due_first_first(ledger: Ledger):
    late = want_review(ledger, review(1))
    soon = want_review(ledger, review(2, ends_at=NOW + HOUR))
    bens = want_review(ledger, review(3, holder=BEN, ends_at=NOW + 2 * HOUR))
    with ledger.reading() as reader:
        assert reviews.waiting(reader) == (soon, bens, late)
        assert reviews.waiting(reader, BEN) == (bens,)
        assert reviews.find(reader, late.id) == late
        assert reviews.find(reader, RequestId("pa-0009")) is None


def test_a_request_has_one_review(ledger: Ledger):
    want_review(ledger, review())
    with pytest.raises(Stale):
        want_review(ledger, review())


def test_two_answers_to_one_review_make_one_and_it_waits_no_more(ledger: Ledger):
    waiting = want_review(ledger, review())
    answer = answered(waiting, EMI, Verdict.AS_EXPECTED, None, NOW)
    with ledger.writing() as writing:
        reviews.save(writing, answer)
    with pytest.raises(Stale), ledger.writing() as writing:
        reviews.save(writing, answer)
    with ledger.reading() as reader:
        assert reviews.waiting(reader) == reviews.due(reader, NOW + timedelta(days=9)) == ()


def test_a_review_is_due_two_hours_before_its_end_and_is_the_next_alarm(ledger: Ledger):
    want_review(ledger, review())
    due_at = NOW + timedelta(hours=22)
    with ledger.reading() as reader:
        assert reader.next_alarm(NOW) == due_at
        assert reviews.due(reader, due_at - timedelta(microseconds=1)) == ()
        assert len(reviews.due(reader, due_at)) == 1


# What pagers said


def said(delivery: str = "d-1", pager: str = "pagerduty") -> PagerEvent:
    return PagerEvent(
        pager=PagerName(pager), delivery=delivery, verb=PagerVerb.TRIGGERED, at=NOW, incident="Q1"
    )


def take_in(ledger: Ledger, event: PagerEvent) -> bool:
    return ledger.retrying(lambda writing: deliveries.take_in(writing, event))


def waiting_deliveries(ledger: Ledger) -> tuple[deliveries.Waiting, ...]:
    with ledger.reading() as reader:
        return deliveries.waiting(reader)


def test_what_a_pager_said_waits_in_the_order_it_came_and_rings(ledger: Ledger, bells: list[str]):
    events = [said("d-2"), said("d-1"), said("d-2", "incident-io")]
    assert [take_in(ledger, event) for event in events] == [True, True, True]
    assert [one.event for one in waiting_deliveries(ledger)] == events
    assert bells == ["announce"] * 3


def test_what_a_pager_repeats_is_taken_in_once_also_after_it_was_acted_on(ledger: Ledger, bells: list[str]):
    assert take_in(ledger, said())
    bells.clear()
    assert not take_in(ledger, said())
    (one,) = waiting_deliveries(ledger)
    assert ledger.retrying(lambda writing: deliveries.done(writing, one.number))
    assert not take_in(ledger, said())
    assert waiting_deliveries(ledger) == ()
    assert bells == []


def test_many_repetitions_at_once_are_taken_in_once(ledger: Ledger):
    new: list[bool] = []
    threads = [threading.Thread(target=lambda: new.append(take_in(ledger, said()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(new) == [False] * 7 + [True]


def test_a_delivery_is_acted_on_by_one(ledger: Ledger):
    take_in(ledger, said())
    (one,) = waiting_deliveries(ledger)
    first = [ledger.retrying(lambda writing: deliveries.done(writing, one.number)) for _ in range(2)]
    assert first == [True, False]


def test_a_delivery_is_forgotten_after_three_days_and_never_before_it_was_acted_on(
    ledger: Ledger, clock: StoppedClock
):
    take_in(ledger, said("d-1"))
    take_in(ledger, said("d-2"))
    one = waiting_deliveries(ledger)[0]
    ledger.retrying(lambda writing: deliveries.done(writing, one.number))
    clock.move(deliveries.REMEMBERED)
    assert ledger.retrying(deliveries.forget) == 0
    clock.move(timedelta(microseconds=1))
    assert ledger.retrying(deliveries.forget) == 1
    assert [one.event.delivery for one in waiting_deliveries(ledger)] == ["d-2"]


# Who is on call


def test_who_is_on_call_is_kept_with_its_moment_and_replaced_by_what_is_newer(ledger: Ledger):
    before = on_call.Known("db-primary", (BEN, ANA), NOW)
    nobody_can_say = on_call.Known("platform-primary", None, NOW, "away")
    after = on_call.Known("db-primary", (), NOW + HOUR)
    with ledger.writing() as writing:
        on_call.put(writing, before)
        on_call.put(writing, nobody_can_say)
        assert on_call.find(writing, ["db-primary"])["db-primary"].people == (ANA, BEN)
        on_call.put(writing, after)
    with ledger.reading() as reader:
        known = on_call.find(reader, ["db-primary", "platform-primary", "never-asked"])
    assert known == {"db-primary": after, "platform-primary": nobody_can_say}


def test_what_is_wanted_is_wanted_until_it_is_known_anew_and_keeps_what_is_known(ledger: Ledger):
    known = on_call.Known("db-primary", (BEN,), NOW)
    with ledger.writing() as writing:
        on_call.put(writing, known)
        on_call.want(writing, {"platform-primary", "db-primary"})
        on_call.want(writing, {"db-primary"})
    with ledger.reading() as reader:
        assert on_call.wanted(reader) == ("db-primary", "platform-primary")
        assert on_call.find(reader, ["db-primary"]) == {"db-primary": known}
        assert on_call.find(reader, ["platform-primary"])["platform-primary"].people is None
    ledger.retrying(lambda writing: on_call.put(writing, known))
    with ledger.reading() as reader:
        assert on_call.wanted(reader) == ("platform-primary",)


# Messages that are drawn again


def test_a_message_is_remembered_by_its_name_as_it_was_last_drawn(ledger: Ledger):
    posted = notices.Notice("incident/INC-42", "C0OPS", "1.1", "digest")
    with ledger.writing() as writing:
        assert notices.find(writing, posted.name) is None
        notices.put(writing, notices.Notice(posted.name, posted.channel))
        notices.put(writing, posted)
    with ledger.reading() as reader:
        assert notices.find(reader, posted.name) == posted
        assert notices.find(reader, "review/pa-0001") is None
