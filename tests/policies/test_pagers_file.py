"""`pagers.yaml`: what it may say, and what is refused, with its line."""

from pathlib import Path

import pytest

from policies.files import FileRefused, load, parse
from policies.incident import PagerName
from policies.rules import Policy
from tests.policies.test_files import CLOUDS, PEOPLE, ROLES, RULES

PAGERS = """\
pagers:
  pagerduty: {kind: pagerduty}
schedules:
  db-primary: {title: database on-call, pager: pagerduty, id: PI7DH85, levels: 1}
  db-weeks: {title: database on-call, rota: databases}
services:
  db: {pager: pagerduty, id: PF9KMXH, role: prod-db-readonly, for: 1h, schedule: db-primary, channel: C0DB}
rotas:
  databases:
    people: [ana, ben]
    starts_at: "2026-01-05T09:00:00Z"
    every: 7d
    tz: Europe/Berlin
    overrides: [{person: ben, starts_at: "2026-01-06T09:00:00Z", ends_at: "2026-01-07T09:00:00Z"}]
"""


ANOTHER = """\
  db2: {pager: pagerduty, id: PF9KMXH, role: prod-db-readonly, schedule: db-primary, channel: C0DB}
"""


def parsed(pagers: str = PAGERS, people: str = PEOPLE, rules: str = RULES) -> Policy:
    texts = {"people": people, "roles": ROLES, "rules": rules, "clouds": CLOUDS, "pagers": pagers}
    return parse({f"{name}.yaml": text.encode() for name, text in texts.items()})


def refused(pagers: str = PAGERS, people: str = PEOPLE, rules: str = RULES) -> list[str]:
    with pytest.raises(FileRefused) as caught:
        parsed(pagers, people, rules)
    return str(caught.value).split("\n")


def test_what_it_says_is_found_by_name_and_by_the_pagers_id():
    pagers = parsed().pagers
    service = pagers.service(PagerName("pagerduty"), "PF9KMXH")
    assert service is not None
    assert (service.name, service.role) == ("db", "prod-db-readonly")
    assert pagers.service(PagerName("pagerduty"), "PF9") is None
    assert pagers.service(PagerName("pagerduty"), None) is None
    schedule = pagers.schedule("db-primary")
    assert schedule is not None
    assert (schedule.id, schedule.levels) == ("PI7DH85", 1)
    assert pagers.schedule("another") is None


def test_the_file_may_be_missing_and_counts_where_it_is_there(tmp_path: Path):
    folder = tmp_path / "org"
    folder.mkdir(mode=0o700)
    for name, text in (("people", PEOPLE), ("roles", ROLES), ("rules", RULES), ("clouds", CLOUDS)):
        (folder / f"{name}.yaml").write_text(text)
    assert load(folder, others_may_write=True).pagers.pagers == ()
    (folder / "pagers.yaml").write_text(PAGERS)
    assert [one.name for one in load(folder, others_may_write=True).pagers.pagers] == ["pagerduty"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "pager: pagerduty, id: PI7DH85",
            "pager: pagerdty, id: PI7DH85",
            'pagers.yaml:4: no pager is called "pagerdty". Did you mean pagerduty?',
        ),
        (
            "rota: databases",
            "rota: database",
            'pagers.yaml:5: no rota is called "database". Did you mean databases?',
        ),
        ("role: prod-db-readonly", "role: prod-db", 'pagers.yaml:7: no role is called "prod-db"'),
        (
            "schedule: db-primary",
            "schedule: db-first",
            'pagers.yaml:7: no schedule is called "db-first"',
        ),
        (
            "people: [ana, ben]",
            "people: [ana, bob]",
            'pagers.yaml:10: no person is called "bob"',
        ),
        ("person: ben", "person: bob", 'pagers.yaml:14: no person is called "bob"'),
        (
            "rota: databases",
            "rota: databases, pager: pagerduty",
            "pagers.yaml:5: a schedule is of one pager, or of one rota",
        ),
        (
            "pager: pagerduty, id: PI7DH85",
            "pager: pagerduty",
            "pagers.yaml:4: a schedule of a pager says its id there, and no other has one",
        ),
        (
            "services:\n",
            f"services:\n{ANOTHER}",
            "pagers.yaml:8: PF9KMXH of pagerduty is here twice",
        ),
    ],
)
def test_what_fits_nothing_is_refused_with_its_line(old: str, new: str, problem: str):
    found = refused(PAGERS.replace(old, new, 1))
    assert any(one.startswith(problem) for one in found), found


def test_accounts_are_of_pagers_that_there_are_and_of_one_person():
    ana = "  ana: {name: Ana Ruiz, title: engineer, slack: [{team: T1, user: U1}]"
    strange = PEOPLE.replace(ana, f"{ana}, pagers: {{rootly: R1}}")
    assert refused(people=strange) == ['people.yaml:2: no pager is called "rootly"']
    ben = "  ben: {name: Ben Okafor, title: database on-call"
    twice = PEOPLE.replace(ana, f"{ana}, pagers: {{pagerduty: P1}}").replace(
        ben, f"{ben}, pagers: {{pagerduty: P1}}"
    )
    assert refused(people=twice) == ["people.yaml:3: pagerduty account P1 is here twice"]


CASES = """\
  - {name: paged, who: ana, role: prod-db-readonly, for: 1h, by_pager: true, expect: ask}
  - {name: on call, who: ana, role: prod-db-readonly, for: 1h, on_call_for: [db-primary], expect: ask}
  - name: in an incident
    who: ana
    role: prod-db-readonly
    for: 1h
    emergency: true
    incident: {severity: sev1, commander: ben}
    expect: refuse
"""


def test_cases_say_what_is_around_them_and_name_only_what_there_is():
    assert len(parsed(rules=RULES + CASES).cases) == 5
    assert any("no schedule" in one for one in refused(rules=RULES + CASES.replace("db-primary", "db-first")))
    assert any(
        "no person" in one for one in refused(rules=RULES + CASES.replace("commander: ben", "commander: bo"))
    )


def test_settings_and_matchers_name_only_what_there_is():
    wrong = RULES.replace(
        "may_ask_for_others: [engineers]", "may_open_incidents: [nobodies]\n  reviewers: [noone]"
    )
    assert [one.split(": ", 1)[1].split(".")[0] for one in refused(rules=wrong)][:2] == [
        'no group is called "nobodies"',
        'no group is called "noone"',
    ]
    matched = RULES.replace("match: {requester_in", "match: {on_call_for: [db-second], requester_in", 1)
    assert any('no schedule is called "db-second"' in one for one in refused(rules=matched))


def test_a_review_that_nobody_could_answer_is_refused():
    reviewed = RULES.replace("    max_duration: 2h\n", "    max_duration: 2h\n    review_within: 1d\n", 1)
    assert refused(rules=reviewed) == [
        "rules.yaml:12: nobody would review it: settings has no reviewers and no security_channel"
    ]
    settings = "may_ask_for_others: [engineers]\n  reviewers: [db-oncall]\n  security_channel: C0SEC"
    parsed(rules=reviewed.replace("may_ask_for_others: [engineers]", settings))
