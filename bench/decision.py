"""`decision`: how long the rules take to answer, with few rules and with many.

Every rule is about the role that is asked for, so that none can be left out beforehand. Usually few of
them match a person (their groups); once more with all of them matching, which is as bad as it gets. It is
CPU time, as nothing is waited for.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import policies
from bench.measure import MS, Measure, Row, p50, p99, spread
from bench.sizes import Size
from policies.decision import Ask, decide
from policies.facts import gather
from policies.files import load
from policies.rules import Effect, Policy, Rule
from policies.values import GroupName, PersonId, RoleName, RuleId

RULES: Final = (20, 200, 1000)
_GOAL_MS: Final = 5.0
_NOW: Final = datetime(2026, 11, 24, 14, 2, 11, tzinfo=UTC)
_ROLE: Final = RoleName("prod-db-readonly")
_ANA: Final = PersonId("ana")
_ONE_YES: Final = [{"from": ["db-oncall"]}]
_REQUIRE: Final = {7, 8}
_DENIES: Final = 9


def measure(size: Size) -> Measure:
    """One decision with 20, 200 and 1,000 rules."""
    rows, facts = [], {}
    for count in RULES:
        ours, floor = _timed(policy_of(count, GroupName("somebody-else")), size.decisions)
        worst, _ = _timed(policy_of(count, GroupName("engineers")), max(3, size.decisions // 60))
        facts[f"{count} rules, all matching, ms"] = spread(worst)
        met = p99(ours) < _GOAL_MS
        rows.append(
            Row(
                f"a decision with {count:,} rules, p50",
                p50(floor),
                p50(ours),
                MS,
                f"p99 < {_GOAL_MS:g} ms",
                met,
            )
        )
        facts[f"{count} rules, ms"] = spread(ours)
    how = "Floor: one pass over the same rules that only looks whether their groups are the person's."
    return Measure("decision", how, tuple(rows), facts=facts)


def policy_of(count: int, group: GroupName) -> Policy:
    """The example organisation with so many rules about one role; all but one are about people of a group."""
    org = load(Path(policies.__file__).parent / "org")
    rules = tuple(_rule(number, group) for number in range(count - 1))
    real = _rule(0, GroupName("engineers")).model_copy(update={"id": RuleId("the-one-that-matches")})
    fields = {name: getattr(org, name) for name in Policy.model_fields}
    return Policy(**fields | {"rules": (real, *rules), "cases": ()})


def _rule(number: int, group: GroupName) -> Rule:
    """Of ten rules seven allow, two require, one denies."""
    kind = number % 10
    told: dict[str, object] = {"id": f"rule-{number}", "why": "One of many"}
    if kind == _DENIES:
        told |= {"effect": Effect.DENY, "match": {"requester_in": ["somebody-unknown"], "role": [_ROLE]}}
    elif kind in _REQUIRE:
        told |= {"effect": Effect.REQUIRE, "max_duration": "2h"}
    else:
        told |= {"effect": Effect.ALLOW, "approvals": _ONE_YES}
    return Rule.model_validate({"match": {"requester_in": [group], "role": [_ROLE]}, **told})


def _timed(policy: Policy, times: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each decision, and of each pass of the floor."""
    ask = Ask(requester=_ANA, beneficiary=_ANA, role=_ROLE, duration=timedelta(hours=1))
    groups = frozenset(policy.people.groups_of(_ANA))

    def ours() -> None:
        decide(ask, gather(policy, _ANA, _ANA, _NOW), policy)

    def floor() -> None:
        sum(1 for rule in policy.rules_for(_ROLE) if groups.intersection(rule.match.requester_in or ()))

    for once in (ours, floor):
        once()  # unmeasured: what is cached for a policy is made on first use
    return _samples(ours, times), _samples(floor, times)


def _samples(do: Callable[[], None], times: int) -> list[float]:
    samples = []
    for _ in range(times):
        started = time.thread_time()
        do()
        samples.append((time.thread_time() - started) * 1000)
    return samples
