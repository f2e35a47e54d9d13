"""Allow, ask or refuse; and what never changes, whatever the rules are."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from policies.approval import Approval, tally
from policies.decision import (
    Allow,
    Alternative,
    Ask,
    AskSomeone,
    Decision,
    NearestMiss,
    Refusal,
    Refuse,
    choices,
    longest_allowed,
)
from policies.explanation import explain
from policies.facts import Facts, gather
from policies.people import People
from policies.rules import Effect, Place, Policy, Rule
from policies.values import PersonId, RoleName
from tests.policies.builders import WEDNESDAY_NOON, answer, ask, people, policy, role, rule, slot, yes_from

DECISIONS: TypeAdapter[Allow | AskSomeone | Refuse] = TypeAdapter(Decision)
SATURDAY = datetime(2026, 1, 10, 12, tzinfo=UTC)
ENGINEERS = {"requester_in": ["engineers"]}
READ = rule("read", match=ENGINEERS, approvals=[yes_from("db-oncall")], max_duration="2h")


def refused(asked: Ask, given_policy: Policy, at: datetime = WEDNESDAY_NOON) -> Refuse:
    decision = answer(asked, given_policy, at)
    assert isinstance(decision, Refuse)
    return decision


def asked_of(asked: Ask, given_policy: Policy, at: datetime = WEDNESDAY_NOON) -> AskSomeone:
    decision = answer(asked, given_policy, at)
    assert isinstance(decision, AskSomeone)
    return decision


def longest(asked: Ask, given_policy: Policy) -> timedelta | None:
    return longest_allowed(asked, facts(asked, given_policy), given_policy)


def facts(asked: Ask, given_policy: Policy, at: datetime = WEDNESDAY_NOON) -> Facts:
    return gather(given_policy, asked.requester, asked.beneficiary, at)


# Allowed, or somebody is asked


def test_a_path_without_approvals_allows():
    given_policy = policy(rule("free", match=ENGINEERS))
    assert answer(ask(), given_policy) == Allow(
        rule="free",
        why="Because of free",
        duration=timedelta(hours=1),
        max_duration=timedelta(hours=4),
        guardrails=(),
        policy_hash=given_policy.hash,
    )


def test_a_path_with_approvals_asks_who_could_say_yes():
    decision = asked_of(ask(), policy(READ))
    assert decision.slots == (slot("db-oncall"),)
    assert decision.approvers == (("ben", "chloe"),)
    assert decision.answer_within == timedelta(minutes=30)
    assert decision.max_duration == timedelta(hours=2)


def test_neither_requester_nor_beneficiary_is_asked():
    given_policy = policy(READ, may_ask_for_others=["db-oncall"])
    assert asked_of(ask("chloe", on_behalf_of="ana"), given_policy).approvers == (("ben",),)
    assert asked_of(ask("ben"), given_policy).approvers == (("chloe",),)


def test_the_path_with_the_fewest_yeses_that_covers_the_duration_is_taken():
    short = rule("short", max_duration="30m")
    given_policy = policy(short, READ, rule("two", approvals=[yes_from("db-oncall", count=2)]))
    assert answer(ask(minutes=30), given_policy).answer == "allow"
    assert asked_of(ask(minutes=60), given_policy).rule == "read"
    assert asked_of(ask(minutes=180), given_policy).rule == "two"


def test_equal_paths_are_taken_by_id():
    same = [rule(name, approvals=[yes_from("db-oncall")]) for name in ("zeta", "alpha")]
    assert asked_of(ask(), policy(*same)).rule == "alpha"


def test_a_path_nobody_can_answer_gives_way_to_one_somebody_can():
    given_policy = policy(
        rule("empty", approvals=[yes_from("nobody")]),
        rule("full", approvals=[yes_from("db-oncall", count=2)]),
    )
    assert asked_of(ask(), given_policy).rule == "full"


def test_guardrails_add_slots_and_the_strictest_limit_wins():
    decision = asked_of(
        ask(minutes=15),
        policy(
            READ,
            rule("watched", "require", approvals=[yes_from("security")], answer_within="10m"),
            rule("brief", "require", max_duration="20m", answer_within="20m"),
        ),
    )
    assert decision.slots == (slot("db-oncall"), slot("security"))
    assert decision.max_duration == timedelta(minutes=20)
    assert decision.answer_within == timedelta(minutes=10)
    assert decision.guardrails == ("brief", "watched")


def test_a_guardrail_for_the_same_groups_raises_the_count_and_does_not_add_to_it():
    strict = rule("strict", "require", approvals=[yes_from("db-oncall", count=2)])
    assert asked_of(ask(), policy(READ, strict)).slots == (slot("db-oncall", count=2),)


def test_longer_than_asks_more_for_more():
    longer = rule("longer", "require", match={"longer_than": "1h"}, approvals=[yes_from("security")])
    given_policy = policy(rule("free"), longer)
    assert answer(ask(minutes=60), given_policy).answer == "allow"
    assert asked_of(ask(minutes=61), given_policy).slots == (slot("security"),)


def test_inside_and_outside_a_window_are_opposites():
    given_policy = policy(
        rule("free"),
        rule(
            "at-work", "require", match={"inside_window": ["office-hours"]}, approvals=[yes_from("db-oncall")]
        ),
        rule("else", "require", match={"outside_window": ["office-hours"]}, approvals=[yes_from("security")]),
    )
    assert asked_of(ask(), given_policy).guardrails == ("at-work",)
    assert asked_of(ask(), given_policy, SATURDAY).guardrails == ("else",)


def test_a_rule_in_report_mode_changes_nothing_and_is_named():
    given_policy = policy(rule("free"), rule("soon", "deny", mode="report"), rule("wide", mode="report"))
    decision = answer(ask(), given_policy)
    assert isinstance(decision, Allow)
    assert decision.reported == ("soon", "wide")
    assert answer(ask(), policy(rule("wide", mode="report"))).answer == "refuse"


def test_every_answer_carries_the_policy_it_was_given_under_and_survives_json():
    given_policy = policy(READ, roles=[role(), role("prod-logs")])
    for asked in (ask(), ask("emi"), ask(minutes=600)):
        decision = answer(asked, given_policy)
        assert decision.policy_hash == given_policy.hash
        assert DECISIONS.validate_json(decision.model_dump_json()) == decision


# On behalf of somebody


def test_asking_for_others_takes_leave():
    decision = refused(ask("dev", on_behalf_of="ana"), policy(READ))
    assert decision.kind is Refusal.NOT_FOR_OTHERS
    assert decision.reasons == ("Not allowed: you may ask for yourself only.",)


def test_on_behalf_the_beneficiarys_own_rights_count():
    given_policy = policy(READ, may_ask_for_others=["commanders", "engineers"])
    assert answer(ask("dev", on_behalf_of="ana"), given_policy).answer == "ask"
    decision = refused(ask("ana", on_behalf_of="dev"), given_policy)
    assert decision.reasons == ("Not allowed now: prod-db-readonly needs Dev to be in the engineers.",)


@pytest.mark.parametrize("effect", ["deny", "require"])
def test_what_binds_the_requester_binds_them_for_others_too(effect: str):
    more = {"approvals": [yes_from("security")]} if effect == "require" else {}
    given_policy = policy(
        rule("free"),
        rule("bound", effect, match={"requester_in": ["commanders"]}, **more),
        may_ask_for_others=["commanders"],
    )
    assert answer(ask("ana"), given_policy).answer == "allow"
    assert answer(ask("dev", on_behalf_of="ana"), given_policy).answer != "allow"


# Refused


def test_what_no_rule_allows_is_refused():
    decision = refused(ask(), policy())
    assert decision.kind is Refusal.NOT_ALLOWED
    assert decision.reasons == ("Not allowed now: no rule gives prod-db-readonly to anybody.",)
    assert decision.nearest is None


def test_a_refusal_names_the_rule_that_came_nearest_and_what_it_missed():
    far = rule("far", match=ENGINEERS | {"inside_window": ["office-hours"], "not_requester_in": ["security"]})
    near = rule("near", match={"requester_in": ["db-oncall", "commanders"]})
    decision = refused(ask("emi"), policy(far, near))
    assert decision.reasons == (
        "Not allowed now: prod-db-readonly needs you to be in the commanders or the db-oncall.",
    )
    assert decision.nearest == NearestMiss(rule="near", clause="you to be in the commanders or the db-oncall")


@pytest.mark.parametrize(
    ("match", "who", "words"),
    [
        ({"not_requester_in": ["security"]}, "emi", "you not to be in the security"),
        (
            {"inside_window": ["office-hours"]},
            "ana",
            "a time inside office-hours (mon to fri 08:00 to 19:00 Europe/Berlin)",
        ),
    ],
)
def test_what_is_missing_is_said_in_words(match: dict[str, list[str]], who: str, words: str):
    decision = refused(ask(who), policy(rule("only", match=match)), SATURDAY)
    assert decision.reasons == (f"Not allowed now: prod-db-readonly needs {words}.",)


def test_outside_a_window_is_said_in_words():
    night = rule("night", match={"outside_window": ["office-hours"]})
    assert "a time outside office-hours" in refused(ask(), policy(night)).reasons[0]


def test_a_refusal_says_where_the_nearest_rule_is_written():
    plain = policy(rule("only", match={"requester_in": ["security"]}))
    place = Place(section="rules", name="only", file="rules.yaml", line=41)
    decision = refused(ask(), Policy(**{**dict(plain), "places": (place,)}))
    assert decision.nearest is not None
    assert (decision.nearest.file, decision.nearest.line) == ("rules.yaml", 41)


def test_deny_beats_every_path():
    decision = refused(ask(), policy(rule("free"), rule("no", "deny", match=ENGINEERS)))
    assert decision.kind is Refusal.DENIED
    assert decision.reasons == ("Not allowed: because of no.",)
    assert decision.longest is None


def test_a_denial_keeps_the_capitals_of_its_reason():
    assert refused(ask(), policy(rule("no", "deny", why="AWS is moving."))).reasons == (
        "Not allowed: AWS is moving.",
    )


def test_a_denial_of_long_access_says_what_is_the_longest():
    given_policy = policy(rule("free"), rule("no", "deny", match={"longer_than": "1h"}))
    assert refused(ask(minutes=90), given_policy).longest == timedelta(hours=1)


def test_too_long_says_the_longest():
    decision = refused(ask(minutes=480), policy(READ))
    assert decision.kind is Refusal.TOO_LONG
    assert decision.reasons == ("8 h is too long. The longest you can have is 2 h.",)
    assert decision.longest == timedelta(hours=2)


@pytest.mark.parametrize("minutes", [1, 0, -5])
def test_too_short_says_the_shortest(minutes: int):
    decision = refused(ask(minutes=minutes), policy(READ))
    assert (decision.kind, decision.reasons) == (Refusal.TOO_SHORT, ("The shortest is 5 min.",))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("prod-db-readnoly", 'No role is called "prod-db-readnoly". The closest is prod-db-readonly.'),
        ("zzz", 'No role is called "zzz".'),
    ],
)
def test_a_role_nobody_knows_is_refused_with_the_closest(name: str, reason: str):
    decision = refused(ask(name=name), policy(READ))
    assert (decision.kind, decision.reasons) == (Refusal.UNKNOWN_ROLE, (reason,))


@pytest.mark.parametrize(("who", "on_behalf_of"), [("gus", None), ("ana", "gus"), ("zoe", None)])
def test_somebody_who_left_or_was_never_here_gets_nothing(who: str, on_behalf_of: str | None):
    given_policy = policy(rule("free"), may_ask_for_others=["engineers"])
    decision = refused(ask(who, on_behalf_of=on_behalf_of), given_policy)
    assert decision.kind is Refusal.NOT_ALLOWED
    assert "cannot hold access here" in decision.reasons[0]


@pytest.mark.parametrize(
    ("groups", "count", "reason"),
    [
        (["nobody"], 1, "Nobody can approve: nobody is empty now."),
        (["left", "nobody"], 1, "Nobody can approve: left and nobody are empty now."),
        (["security"], 1, "Nobody can approve: nobody else is in security now."),
        (["db-oncall"], 3, "Nobody can approve: it takes 3 different people of db-oncall."),
    ],
)
def test_without_enough_other_people_nobody_can_approve(groups: list[str], count: int, reason: str):
    decision = refused(ask("emi"), policy(rule("asks", approvals=[yes_from(*groups, count=count)])))
    assert (decision.kind, decision.reasons) == (Refusal.NOBODY_CAN_APPROVE, (reason,))


def test_one_person_in_two_groups_cannot_fill_both_slots():
    given_policy = policy(
        rule("asks", approvals=[yes_from("db-oncall"), yes_from("security")]),
        known=people({"db-oncall": ("emi",), "security": ("emi",)}),
    )
    assert refused(ask(), given_policy).kind is Refusal.NOBODY_CAN_APPROVE


def test_a_group_named_beside_ones_own_is_not_ones_own():
    given_policy = policy(rule("asks", approvals=[yes_from("db-oncall", "nobody"), yes_from("nobody")]))
    assert refused(ask(), given_policy).reasons == ("Nobody can approve: nobody is empty now.",)


def test_people_who_could_fill_several_slots_are_placed_where_they_are_needed():
    given_policy = policy(
        rule("asks", approvals=[yes_from("db-oncall"), yes_from("security")]),
        known=people({"db-oncall": ("ben", "emi"), "security": ("ben",)}),
    )
    assert asked_of(ask(), given_policy).approvers == (("ben", "emi"), ("ben",))


def test_a_refusal_offers_what_would_be_given_the_most_capable_first():
    roles = [
        role("prod-admin", "critical"),
        role("prod-write", "high", max_duration="20m", default_duration="20m"),
        role("prod-operate", "high"),
        role("prod-logs"),
        role("prod-read"),
        role("prod-secret", "low"),
    ]
    given_policy = policy(
        rule("write", match={"role": ["prod-write"]}, approvals=[yes_from("db-oncall", count=2)]),
        rule("operate", match={"role": ["prod-operate"]}, approvals=[yes_from("db-oncall")]),
        rule("read", match={"role": ["prod-logs", "prod-read"]}),
        roles=roles,
    )
    assert refused(ask(name="prod-admin"), given_policy).alternatives == (
        Alternative(role="prod-operate", duration=timedelta(minutes=30), needs=1),
        Alternative(role="prod-write", duration=timedelta(minutes=20), needs=2),
        Alternative(role="prod-logs", duration=timedelta(minutes=30), needs=0),
    )
    assert [one.role for one in refused(ask(name="prod-secret"), given_policy).alternatives] == [
        "prod-logs",
        "prod-read",
    ]


# Durations to offer


def test_the_longest_allowed_is_none_for_what_is_never_given():
    for asked in (ask("gus"), ask(name="zzz"), ask("emi"), ask("ana", on_behalf_of="ben")):
        assert longest(asked, policy(READ)) is None


def test_choices_are_the_usual_ones_the_default_and_the_longest():
    given_policy = policy(READ, roles=[role(default_duration="1h")])
    assert choices(ask(), facts(ask(), given_policy), given_policy) == tuple(
        timedelta(minutes=minutes) for minutes in (15, 30, 60, 120)
    )


def test_choices_are_never_longer_than_the_longest_nor_shorter_than_the_shortest():
    given_policy = policy(rule("free", max_duration="25m"), shortest_duration="20m")
    assert choices(ask(), facts(ask(), given_policy), given_policy) == (timedelta(minutes=25),)


def test_there_is_no_choice_where_nothing_is_given():
    for asked in (ask("emi"), ask(name="zzz")):
        assert choices(asked, facts(asked, policy(READ)), policy(READ)) == ()


# Explained


def explained(asked: Ask, given_policy: Policy, at: datetime = WEDNESDAY_NOON) -> str:
    return explain(asked, facts(asked, given_policy, at), given_policy)


def test_why_says_what_holds_when_somebody_is_asked():
    assert explained(
        ask(), policy(READ, rule("watched", "require", approvals=[yes_from("security", "nobody")]))
    ) == (
        "prod-db-readonly · prod db readonly · risk low\n"
        "2 yes from the db-oncall (Ben, Chloe) and the nobody or the security (Emi), at most 2 h.\n"
        "Because of read. (rule read)"
    )


def test_why_says_what_holds_when_nobody_is_asked():
    assert explained(ask(), policy(rule("free"))) == (
        "prod-db-readonly · prod db readonly · risk low\n"
        "Nobody needs to be asked. At most 4 h.\n"
        "Because of free. (rule free)"
    )


def test_why_says_what_is_missing_what_comes_then_and_what_works_now():
    plain = policy(
        rule(
            "office",
            match={"role": ["prod-admin"], "inside_window": ["office-hours"]},
            approvals=[yes_from("left")],
        ),
        rule("read", match={"role": ["prod-logs"]}, approvals=[yes_from("db-oncall")]),
        roles=[role("prod-admin", "critical"), role("prod-logs")],
    )
    given_policy = Policy(
        **{**dict(plain), "places": (Place(section="rules", name="office", file="rules.yaml", line=41),)}
    )
    assert explained(ask(name="prod-admin"), given_policy, SATURDAY) == (
        "prod-admin · prod admin · risk critical\n"
        "Not allowed now: prod-admin needs a time inside office-hours"
        " (mon to fri 08:00 to 19:00 Europe/Berlin). (rule office, rules.yaml:41)\n"
        "Then: 1 yes from the left (nobody now), at most 4 h.\n"
        "Now: prod-logs for 30 min, 1 yes."
    )


def test_why_says_when_then_and_now_nobody_is_asked():
    given_policy = policy(
        rule("office", match={"role": ["prod-admin"], "inside_window": ["office-hours"]}),
        rule("read", match={"role": ["prod-logs"]}),
        roles=[role("prod-admin", "critical"), role("prod-logs")],
    )
    lines = explained(ask(name="prod-admin"), given_policy, SATURDAY).splitlines()
    assert lines[2:] == [
        "Then: nobody needs to be asked, at most 4 h.",
        "Now: prod-logs for 30 min, nobody needs to be asked.",
    ]


def test_why_of_an_unknown_role_is_one_line():
    assert explained(ask(name="zzz"), policy(READ)) == 'No role is called "zzz".'


# What is true whatever the rules are

NAMES = ("ana", "ben", "chloe", "dev", "emi")
GROUPS = ("g1", "g2", "g3")
ROLES = (role("prod-logs"), role("prod-admin", "critical"))
REFUSED = 1_000

group_sets = st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2, unique=True)
minutes = st.sampled_from([5, 10, 30, 60, 90, 120, 240])
limits = st.none() | minutes.map(lambda count: f"{count}m")


@st.composite
def matches(draw: st.DrawFn, effect: str) -> dict[str, object]:
    options: dict[str, st.SearchStrategy[object]] = {
        "requester_in": group_sets,
        "not_requester_in": group_sets,
        "role": st.just(["prod-logs"]),
        "role_risk": st.just(["critical"]),
        "inside_window": st.just(["office-hours"]),
        "outside_window": st.just(["office-hours"]),
    }
    if effect != "allow":
        options["longer_than"] = minutes.map(lambda count: f"{count}m")
    chosen = draw(st.lists(st.sampled_from(sorted(options)), max_size=2, unique=True))
    return {word: draw(options[word]) for word in chosen}


@st.composite
def some_rule(draw: st.DrawFn, number: int) -> Rule:
    effect = draw(st.sampled_from(["allow", "allow", "allow", "require", "require", "deny"]))
    more: dict[str, object] = {"mode": draw(st.sampled_from(["enforce", "enforce", "enforce", "report"]))}
    if effect != "deny":
        wanted = draw(st.lists(group_sets.map(sorted), max_size=2, unique_by=tuple))
        more["approvals"] = [yes_from(*groups, count=draw(st.integers(1, 2))) for groups in wanted]
        more["max_duration"] = draw(limits if effect == "allow" or wanted else minutes.map(lambda n: f"{n}m"))
    return rule(f"r{number}", effect, match=draw(matches(effect)), **more)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    count = draw(st.integers(1, 7))
    rules = [draw(some_rule(number)) for number in range(count)]
    return with_rules(draw(some_people()), rules)


@st.composite
def some_people(draw: st.DrawFn) -> People:
    return people({group: draw(st.sets(st.sampled_from(NAMES))) for group in GROUPS})


def with_rules(known: People, rules: list[Rule]) -> Policy:
    return policy(*rules, roles=ROLES, known=known, may_ask_for_others=["g1"])


asks = st.builds(
    Ask,
    requester=st.sampled_from(NAMES).map(PersonId),
    beneficiary=st.sampled_from(NAMES).map(PersonId),
    role=st.sampled_from([one.name for one in ROLES]).map(RoleName),
    duration=minutes.map(lambda count: timedelta(minutes=count)),
)
own_asks = asks.map(lambda asked: asked.model_copy(update={"beneficiary": asked.requester}))
any_asks = asks | own_asks | own_asks


def hardness(decision: Allow | AskSomeone | Refuse) -> int:
    """How many yeses it takes; more than anybody has where it is refused."""
    match decision:
        case Allow():
            return 0
        case AskSomeone():
            return sum(one.count for one in decision.slots)
        case Refuse():
            return REFUSED


@given(policies(), any_asks, st.randoms(use_true_random=False))
def test_the_order_of_rules_changes_nothing(given_policy: Policy, asked: Ask, chance: random.Random):
    rules = list(given_policy.rules)
    chance.shuffle(rules)
    assert answer(asked, with_rules(given_policy.people, rules)) == answer(asked, given_policy)


@given(policies(), any_asks)
def test_dropping_a_guardrail_or_a_deny_never_tightens(given_policy: Policy, asked: Ask):
    for dropped in given_policy.rules:
        if dropped.effect is not Effect.ALLOW:
            rest = [one for one in given_policy.rules if one != dropped]
            loosened = answer(asked, with_rules(given_policy.people, rest))
            assert hardness(loosened) <= hardness(answer(asked, given_policy))


@given(policies(), any_asks)
def test_dropping_a_path_never_loosens(given_policy: Policy, asked: Ask):
    for dropped in given_policy.rules:
        if dropped.effect is Effect.ALLOW:
            rest = [one for one in given_policy.rules if one != dropped]
            tightened = answer(asked, with_rules(given_policy.people, rest))
            assert hardness(tightened) >= hardness(answer(asked, given_policy))


@given(policies(), any_asks, minutes)
def test_asking_for_longer_is_never_easier(given_policy: Policy, asked: Ask, more: int):
    longer = asked.model_copy(update={"duration": asked.duration + timedelta(minutes=more)})
    assert hardness(answer(longer, given_policy)) >= hardness(answer(asked, given_policy))


@given(policies(), any_asks)
def test_asking_for_somebody_is_never_easier_than_their_asking_themselves(given_policy: Policy, asked: Ask):
    own = asked.model_copy(update={"requester": asked.beneficiary})
    assert hardness(answer(asked, given_policy)) >= hardness(answer(own, given_policy))


@given(policies(), any_asks)
def test_whoever_asks_or_would_have_it_is_never_asked(given_policy: Policy, asked: Ask):
    decision = answer(asked, given_policy)
    if isinstance(decision, AskSomeone):
        for one, approvers in zip(decision.slots, decision.approvers, strict=True):
            assert len(approvers) >= one.count
            assert not {asked.requester, asked.beneficiary}.intersection(approvers)


@given(policies(), any_asks)
def test_whoever_is_asked_could_between_them_say_yes(given_policy: Policy, asked: Ask):
    decision = answer(asked, given_policy)
    if isinstance(decision, AskSomeone):
        known = given_policy.people
        yeses = [
            Approval(person=one, at=WEDNESDAY_NOON, groups=tuple(known.groups_of(one)), digest="d")
            for one in {person for approvers in decision.approvers for person in approvers}
        ]
        assert tally(decision.slots, yeses, known, never={asked.requester, asked.beneficiary}).complete


@given(policies(), any_asks)
def test_the_longest_allowed_is_given_and_a_second_more_is_not(given_policy: Policy, asked: Ask):
    most = longest(asked, given_policy)
    if most is None:
        assert isinstance(answer(asked, given_policy), Refuse)
    else:
        just, over = ({"duration": most + timedelta(seconds=extra)} for extra in (0, 1))
        assert not isinstance(answer(asked.model_copy(update=just), given_policy), Refuse)
        assert isinstance(answer(asked.model_copy(update=over), given_policy), Refuse)


@given(policies(), any_asks)
def test_every_choice_offered_is_given(given_policy: Policy, asked: Ask):
    for duration in choices(asked, facts(asked, given_policy), given_policy):
        offered = asked.model_copy(update={"duration": duration})
        assert not isinstance(answer(offered, given_policy), Refuse)


@given(policies(), any_asks)
def test_every_alternative_offered_is_given_as_it_says(given_policy: Policy, asked: Ask):
    decision = answer(asked, given_policy)
    for other in decision.alternatives if isinstance(decision, Refuse) else ():
        instead = asked.model_copy(update={"role": other.role, "duration": other.duration})
        assert hardness(answer(instead, given_policy)) == other.needs


@given(policies(), any_asks)
def test_every_answer_can_be_explained(given_policy: Policy, asked: Ask):
    assert explained(asked, given_policy).startswith(asked.role)
