"""Rules that look at what is around an ask: incidents, who is on call, who asks, emergencies, reviews."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from policies.decision import Allow, AskSomeone, Refusal, Refuse, decide
from policies.facts import Around, IncidentFact, OnCallFact, Unreviewed, gather, pager_as_asker
from policies.incident import Incident, IncidentState, PagerAccount, PagerName
from policies.lint import lint
from policies.paths import Ask
from policies.people import People
from policies.rules import Policy
from policies.values import IncidentId, PersonId, RequestId
from tests.policies.builders import WEDNESDAY_NOON, ask, person, policy, rule, yes_from

INC = IncidentId("INC-42")
LATER = WEDNESDAY_NOON + timedelta(days=1)
EMERGENCY = rule("emergency", match={"emergency": True, "incident_state": ["live"]}, review_within="1d")
ORDINARY = rule("ordinary", match={"requester_in": ["engineers"]}, approvals=[yes_from("db-oncall")])


def incident(
    state: str = "live", severity: str | None = "sev2", commander: str | None = None
) -> IncidentFact:
    leads = PersonId(commander) if commander else None
    return IncidentFact(id=INC, state=IncidentState(state), severity=severity, commander=leads)


def answer(asked: Ask, given: Policy, around: Around = Around()) -> Allow | AskSomeone | Refuse:  # noqa: B008 (frozen)
    facts = gather(given, asked.requester, asked.beneficiary, WEDNESDAY_NOON, around)
    return decide(asked, facts, given)


def said(asked: Ask, given: Policy, around: Around = Around()) -> str:  # noqa: B008 (frozen)
    decision = answer(asked, given, around)
    return decision.reasons[0] if isinstance(decision, Refuse) else decision.answer


def emergency(who: str = "ana", *, on_behalf_of: str | None = None) -> Ask:
    return ask(who, on_behalf_of=on_behalf_of).model_copy(update={"emergency": True})


@pytest.mark.parametrize(
    ("match", "now", "needs"),
    [
        ({"incident_state": ["live"]}, None, "a live incident"),
        ({"incident_severity": ["sev1"]}, None, "a live sev1 incident"),
        ({"incident_severity": ["sev1"]}, incident(), "a live sev1 incident; INC-42 is sev2"),
        (
            {"incident_severity": ["sev1"]},
            incident(severity=None),
            "a live sev1 incident; INC-42 is of no severity",
        ),
        ({"incident_severity": ["sev2"]}, incident("resolved"), "a live sev2 incident; INC-42 is resolved"),
        (
            {"incident_state": ["closed", "resolved"]},
            incident(),
            "a closed or resolved incident; INC-42 is live",
        ),
        ({"incident_severity": ["sev2"]}, incident(), None),
        ({"incident_state": ["resolved"], "incident_severity": ["sev2"]}, incident("resolved"), None),
    ],
)
def test_a_rule_may_want_an_incident(match: dict[str, object], now: IncidentFact | None, needs: str | None):
    given = policy(rule("in-incidents", match=match))
    expected = f"Not allowed now: prod-db-readonly needs {needs}." if needs else "allow"
    assert said(ask(), given, Around(incident=now)) == expected


NEEDS_ON_CALL = "Not allowed now: prod-db-readonly needs you to be on call for db-primary"


def fact(on_call: bool | None) -> OnCallFact:  # noqa: FBT001 (what a pager answers)
    return OnCallFact(schedule="db-primary", on_call=on_call, as_of=WEDNESDAY_NOON)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ((fact(on_call=True),), "allow"),
        ((fact(on_call=False),), f"{NEEDS_ON_CALL}."),
        (
            (fact(on_call=None),),
            f"{NEEDS_ON_CALL}, and nobody can say who is on call for db-primary now.",
        ),
        (
            (),
            f"{NEEDS_ON_CALL}, and nobody can say who is on call for db-primary now.",
        ),
    ],
)
def test_only_who_is_surely_on_call_is(facts: tuple[OnCallFact, ...], expected: str):
    given = policy(rule("on-call", match={"on_call_for": ["db-primary"]}))
    assert said(ask(), given, Around(on_call=facts)) == expected


def test_the_schedules_of_a_role_are_those_that_its_rules_look_at():
    given = policy(rule("on-call", match={"on_call_for": ["db-primary"]}))
    assert given.schedules_for(ask().role) == ("db-primary",)
    facts = gather(given, ask().requester, ask().beneficiary, LATER, Around(on_call=(fact(on_call=True),)))
    assert facts.not_known(["db-primary", "another"]) == ("another",)


def test_a_commander_of_a_live_incident_may_hand_out_what_nobody_else_may():
    given = policy(rule("hands-out", match={"requested_by": ["commander"], "incident_severity": ["sev2"]}))
    for_ivy = ask("dev", on_behalf_of="ivy")
    leads = Around(incident=incident(commander="dev"))
    assert said(for_ivy, given, leads) == "allow"
    assert said(ask("ben", on_behalf_of="ivy"), given, leads) == "Not allowed: you may ask for yourself only."
    over = Around(incident=incident("resolved", commander="dev"))
    assert said(for_ivy, given, over) == "Not allowed: you may ask for yourself only."
    assert said(for_ivy, given) == "Not allowed: you may ask for yourself only."


def test_a_commander_hands_nothing_to_themselves():
    given = policy(rule("hands-out", match={"requested_by": ["commander"]}))
    needs = "Not allowed now: prod-db-readonly needs to be asked for by the commander of a live incident."
    assert said(ask("dev"), given, Around(incident=incident(commander="dev"))) == needs


def test_a_pager_may_ask_where_a_rule_says_so_and_for_nobody_who_has_left():
    given = policy(rule("paged", match={"requested_by": ["pager"]}))
    paged = ask().model_copy(update={"requester": pager_as_asker(PagerName("pagerduty"))})
    assert said(paged, given) == "allow"
    assert "needs to be asked for by a pager" in said(ask(), given)
    gone = paged.model_copy(update={"beneficiary": PersonId("gus")})
    assert said(gone, given) == "Not allowed: Gus cannot hold access here."


def test_somebody_else_and_the_holder_are_told_apart():
    given = policy(
        rule("own", match={"requested_by": ["holder"]}),
        may_ask_for_others=["commanders"],
    )
    assert said(ask(), given) == "allow"
    assert "asked for by whoever will have it" in said(ask("dev", on_behalf_of="ivy"), given)
    other = policy(rule("other", match={"requested_by": ["other"]}), may_ask_for_others=["commanders"])
    assert said(ask("dev", on_behalf_of="ivy"), other) == "allow"
    assert "asked for by somebody else" in said(ask(), other)


# Emergencies


def test_an_emergency_is_opened_by_rules_that_say_so_and_an_ordinary_ask_is_not():
    given = policy(ORDINARY, EMERGENCY)
    live = Around(incident=incident())
    decision = answer(emergency(), given, live)
    assert isinstance(decision, Allow)
    assert (decision.rule, decision.review_within) == ("emergency", timedelta(days=1))
    assert isinstance(answer(ask(), given, live), AskSomeone)
    assert said(emergency(), policy(ORDINARY), live) == (
        "Not allowed now: no rule gives prod-db-readonly to anybody."
    )


def test_guardrails_and_denials_hold_in_an_emergency_too():
    live = Around(incident=incident())
    strict = rule("strict", "require", match={}, approvals=[yes_from("security")])
    decision = answer(emergency(), policy(EMERGENCY, strict), live)
    assert isinstance(decision, AskSomeone)
    assert decision.review_within == timedelta(days=1)
    assert said(emergency(), policy(EMERGENCY, rule("never", "deny", match={})), live).startswith(
        "Not allowed:"
    )
    calm = rule("calm", "require", match={"emergency": False}, approvals=[yes_from("security")])
    assert isinstance(answer(emergency(), policy(EMERGENCY, calm), live), Allow)


def unreviewed(incident_id: str | None = "INC-42", *, overdue: bool = False) -> Around:
    ends_at = WEDNESDAY_NOON if overdue else LATER
    one = Unreviewed(
        request=RequestId("pa-0001"),
        opened_at=WEDNESDAY_NOON - timedelta(days=1),
        ends_at=ends_at,
        incident=IncidentId(incident_id) if incident_id else None,
    )
    return Around(incident=incident(), unreviewed=(one,))


@pytest.mark.parametrize(
    ("before", "free"),
    [
        (unreviewed(), True),
        (unreviewed(overdue=True), False),
        (unreviewed("INC-41"), False),
        (unreviewed(None), False),
    ],
)
def test_until_it_is_reviewed_there_is_no_other_emergency_but_in_the_same_incident(
    before: Around, *, free: bool
):
    decision = answer(emergency(), policy(EMERGENCY), before)
    if free:
        assert isinstance(decision, Allow)
    else:
        assert isinstance(decision, Refuse)
        assert (decision.kind, decision.reasons) == (
            Refusal.UNREVIEWED,
            ("Not allowed: your emergency of 6 Jan is unreviewed.",),
        )


def test_whose_emergency_is_unreviewed_is_said():
    given = policy(EMERGENCY, may_ask_for_others=["commanders"])
    asked = emergency("dev", on_behalf_of="ivy")
    assert said(asked, given, unreviewed("INC-41")) == "Not allowed: Ivy's emergency of 6 Jan is unreviewed."


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ({"match": {"emergency": True}}, "say review_within"),
        ({"effect": "deny", "match": {}, "review_within": "1d"}, "only an allow rule has review_within"),
        ({"effect": "deny", "match": {"on_call_for": ["db"]}}, "only an allow rule looks at who is on call"),
    ],
)
def test_what_a_rule_about_emergencies_has_to_say(words: dict[str, object], problem: str):
    with pytest.raises(ValidationError, match=problem):
        rule("emergency", **{"effect": "allow", **words})  # type: ignore[arg-type] # as a file has it


def test_what_a_fact_says_of_an_incident():
    whole = Incident(id=INC, title="ref", severity="sev1", opened_at=LATER, live_since=LATER, heard_at=LATER)
    assert IncidentFact.of(whole) == incident(severity="sev1")


def test_groups_that_only_settings_name_are_used():
    given = policy(ORDINARY, reviewers=["security"], may_open_incidents=["commanders"])
    assert not [one for one in lint(given) if one.text.startswith(("security:", "commanders:"))]


def test_a_pagers_account_is_one_persons_and_nobodys_who_has_left():
    accounts = {PagerName("pagerduty"): PagerAccount("P1")}
    gone = {PagerName("pagerduty"): PagerAccount("P3")}
    known = People(people=(person("ana", pagers=accounts), person("gus", active=False, pagers=gone)))
    found = known.by_pager(PagerName("pagerduty"), PagerAccount("P1"))
    assert found is not None
    assert found.id == "ana"
    assert len({found, person("ana", pagers=accounts)}) == 1
    for nobodys in (PagerAccount("P2"), PagerAccount("P3"), None):
        assert known.by_pager(PagerName("pagerduty"), nobodys) is None
