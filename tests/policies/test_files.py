"""What is read from an organisation's files, and what is refused, with its line."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from policies.files import FILES, FileRefused, PolicySource, load, parse, read
from policies.lint import lint
from policies.rules import Mode, Policy, Rule
from policies.values import PersonId, RoleName
from tests.policies.builders import people, policy, role, rule, yes_from

PEOPLE = """\
people:
  ana: {name: Ana Ruiz, title: engineer, slack: [{team: T1, user: U1}]}
  ben: {name: Ben Okafor, title: database on-call}
groups:
  engineers: {title: engineers, members: [ana, ben]}
  db-oncall: {title: database on-call, members: [ben]}
"""
ROLES = """\
roles:
  prod-db-readonly:
    title: Read production databases
    environment: prod
    risk: low
    default_duration: 1h
    max_duration: 4h
    channel: C0DB
    entitlements:
      - cloud: aws
        account: shop-prod
        policies: ["arn:aws:iam::111122223333:policy/rds-readonly"]
"""
CLOUDS = """\
aws:
  shop-prod:
    id: "111122223333"
    region: eu-central-1
    spoke_role: arn:aws:iam::111122223333:role/prod-access-spoke
    external_id: meridian-prod-access
    boundary: arn:aws:iam::111122223333:policy/prod-access-boundary
"""
RULES = """\
settings:
  may_ask_for_others: [engineers]
windows:
  office-hours: {days: [mon, fri], start: 08:00, end: "19:00", tz: Europe/Berlin}
rules:
  - id: engineers-read
    why: With one yes
    effect: allow
    match: {requester_in: [engineers], role: [prod-db-readonly]}
    approvals: [{from: [db-oncall]}]
    max_duration: 2h
  - id: nothing-long-at-work
    why: Not while everybody works
    effect: deny
    match:
      longer_than: 1h
      inside_window: [office-hours]
cases:
  - {name: ana asks, who: ana, role: prod-db-readonly, for: 2h, expect: ask, from: [db-oncall]}
  - name: ben asks
    who: ben
    role: prod-db-readonly
    for: 2h
    expect: refuse
"""
GOOD = {"people.yaml": PEOPLE, "roles.yaml": ROLES, "rules.yaml": RULES, "clouds.yaml": CLOUDS}


def files(**changed: str) -> dict[str, bytes]:
    """The good files, with the content of some replaced: `files(rules=...)`."""
    texts = GOOD | {f"{name}.yaml": text for name, text in changed.items()}
    return {name: text.encode() for name, text in texts.items()}


def edited(file: str, old: str, new: str) -> dict[str, bytes]:
    """The good files, with one piece of one of them replaced."""
    text = GOOD[f"{file}.yaml"]
    assert old in text
    return files(**{file: text.replace(old, new, 1)})


def problems(contents: Mapping[str, bytes]) -> list[str]:
    with pytest.raises(FileRefused) as refused:
        parse(contents)
    assert str(refused.value) == "\n".join(map(str, refused.value.problems))
    return [str(problem) for problem in refused.value.problems]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    for name, text in GOOD.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o644)
    return tmp_path


# What is right


def test_the_files_make_one_policy(folder: Path):
    given_policy = load(folder)
    assert given_policy.people.get(PersonId("ana")) is not None
    assert given_policy.catalogue.names == (RoleName("prod-db-readonly"),)
    assert given_policy.clouds.place("aws", "shop-prod").alias == "shop-prod"
    assert [one.id for one in given_policy.rules] == ["engineers-read", "nothing-long-at-work"]
    assert given_policy.window("office-hours").start == "08:00"
    assert [case.name for case in given_policy.cases] == ["ana asks", "ben asks"]


def test_everything_with_a_name_knows_where_it_is_written():
    given_policy = parse(files())
    found = {(place.section, place.name): f"{place.file}:{place.line}" for place in given_policy.places}
    assert found == {
        ("groups", "engineers"): "people.yaml:5",
        ("groups", "db-oncall"): "people.yaml:6",
        ("roles", "prod-db-readonly"): "roles.yaml:2",
        ("windows", "office-hours"): "rules.yaml:4",
        ("rules", "engineers-read"): "rules.yaml:6",
        ("rules", "nothing-long-at-work"): "rules.yaml:12",
    }


def test_windows_settings_and_cases_may_be_left_out():
    text = 'rules:\n  - {id: free, why: "Yes", effect: allow, match: {}}\n'
    assert [place.section for place in parse(files(rules=text)).places] == [
        "groups",
        "groups",
        "roles",
        "rules",
    ]


def test_comments_and_order_do_not_change_the_hash():
    shuffled = edited("people", "engineers: {title", "# hello\n  engineers: {title")
    assert parse(shuffled).hash == parse(files()).hash


def test_on_off_yes_and_no_are_text():
    contents = edited("rules", "why: With one yes", "why: yes")
    assert parse(contents).rules[0].why == "yes"


def test_a_mark_at_the_start_of_a_file_is_not_part_of_it():
    assert parse(files() | {"roles.yaml": b"\xef\xbb\xbf" + ROLES.encode()}).hash == parse(files()).hash


# What is wrong, one thing at a time


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        (
            "rules",
            "requester_in",
            "requster_in",
            'rules.yaml:9: unknown word "requster_in". Did you mean requester_in?',
        ),
        ("rules", "    why: With one yes\n", "", 'rules.yaml:6: "why" is missing'),
        (
            "rules",
            "effect: deny",
            "effect: dney",
            'rules.yaml:14: "dney" is not one of allow, require, deny. Did you mean deny?',
        ),
        (
            "rules",
            "longer_than: 1h",
            "longer_than: 90",
            'rules.yaml:16: "90" has no unit; write 90m, or another unit',
        ),
        ("rules", "from: [db-oncall]}]", "groups: [db-oncall]}]", 'rules.yaml:10: unknown word "groups"'),
        (
            "rules",
            "[db-oncall]}]",
            '[db-oncall], count: "2"}]',
            'rules.yaml:10: "2": input should be a valid integer',
        ),
        ("rules", "why: With one yes", "why: 5", "rules.yaml:7: 5 must be text; write it in quotes"),
        (
            "rules",
            "id: engineers-read",
            "id: Engineers",
            'rules.yaml:6: "Engineers" is not a name; use small letters, digits and hyphens',
        ),
        (
            "rules",
            "tz: Europe/Berlin",
            "tz: Berlin",
            'rules.yaml:4: "Berlin" is not a time zone; write it like Europe/Berlin',
        ),
        (
            "rules",
            "tz: Europe/Berlin",
            "tz: Europe/Berlin, name: x",
            'rules.yaml:3: the name of "office-hours" is its key and is not written again',
        ),
        (
            "rules",
            "[office-hours]",
            "[office-hour]",
            'rules.yaml:17: no window is called "office-hour". Did you mean office-hours?',
        ),
        (
            "rules",
            "[engineers], role",
            "[engineer], role",
            'rules.yaml:9: no group is called "engineer". Did you mean engineers?',
        ),
        (
            "rules",
            "role: [prod-db-readonly]",
            "role: [prod-db-read]",
            'rules.yaml:9: no role is called "prod-db-read". Did you mean prod-db-readonly?',
        ),
        (
            "rules",
            "role: [prod-db-readonly]",
            "environment: [prd]",
            'rules.yaml:9: no environment is called "prd". Did you mean prod?',
        ),
        (
            "rules",
            "{from: [db-oncall]}",
            "{from: [db-oncal]}",
            'rules.yaml:10: no group is called "db-oncal". Did you mean db-oncall?',
        ),
        (
            "rules",
            "others: [engineers]",
            "others: [gardeners]",
            'rules.yaml:2: no group is called "gardeners"',
        ),
        (
            "rules",
            "others: [engineers]",
            "others: []\n  may_end: [gardeners]",
            'rules.yaml:3: no group is called "gardeners"',
        ),
        ("rules", "who: ana", "who: anna", 'rules.yaml:19: no person is called "anna". Did you mean ana?'),
        (
            "rules",
            "who: ana",
            "who: ana, on_behalf_of: bn",
            'rules.yaml:19: no person is called "bn". Did you mean ben?',
        ),
        (
            "rules",
            "id: nothing-long-at-work",
            "id: engineers-read",
            'rules.yaml:12: "engineers-read" is here twice',
        ),
        ("rules", "name: ben asks", "name: ana asks", 'rules.yaml:20: "ana asks" is here twice'),
        (
            "rules",
            "max_duration: 2h",
            "max_duration: 1m",
            "rules.yaml:11: max_duration is shorter than the shortest duration, 5 min",
        ),
        (
            "roles",
            "default_duration: 1h",
            "default_duration: 1m",
            "roles.yaml:6: default_duration is shorter than the shortest duration, 5 min",
        ),
        (
            "roles",
            "account: shop-prod",
            "account: shop-prd",
            'roles.yaml:11: no AWS account is called "shop-prd". Did you mean shop-prod?',
        ),
        (
            "roles",
            "cloud: aws",
            "cloud: awz",
            'roles.yaml:10: "awz" is not one of aws, identity-center, gcp, azure. Did you mean aws?',
        ),
        (
            "roles",
            "::111122223333:",
            "::444455556666:",
            (
                "roles.yaml:12: arn:aws:iam::444455556666:policy/rds-readonly"
                " is not in account shop-prod (111122223333)"
            ),
        ),
        (
            "roles",
            "policy/rds-readonly",
            "policy/AdministratorAccess",
            (
                "roles.yaml:12: arn:aws:iam::111122223333:policy/AdministratorAccess"
                " is never granted: it could change who has access"
            ),
        ),
        (
            "roles",
            "prod-db-readonly:",
            "mine:",
            'roles.yaml:2: a role cannot be called "mine": it is a word of the command',
        ),
        (
            "roles",
            "prod-db-readonly:",
            "prod-db-readonly: 5\n  other:",
            "roles.yaml:2: 5: input should be a valid dictionary or instance of Role",
        ),
        (
            "people",
            "members: [ben]",
            "members: [bn]",
            'people.yaml:6: no person is called "bn". Did you mean ben?',
        ),
        (
            "people",
            "title: database on-call}",
            "title: x, slack: [{team: T1, user: U1}]}",
            "people.yaml:3: Slack account T1/U1 is here twice",
        ),
        (
            "people",
            "title: engineer,",
            "title: engineer, aws: {kind: usr},",
            'people.yaml:2: "usr" is not one of user, role_session. Did you mean user?',
        ),
        (
            "people",
            "title: engineer,",
            "title: engineer, aws: {kind: user, ar: x},",
            'people.yaml:2: unknown word "ar". Did you mean arn?',
        ),
        (
            "people",
            "people:",
            "people: []\npersons:",
            "people.yaml:1: []: input should be a valid dictionary",
        ),
        (
            "clouds",
            'id: "111122223333"',
            "id: 111122223333",
            "clouds.yaml:3: 111122223333 must be text; write it in quotes",
        ),
        (
            "clouds",
            "region: eu-central-1",
            "region: eu-central-1\n    region: eu-west-1",
            'clouds.yaml:5: "region" is here twice',
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(file: str, old: str, new: str, problem: str):
    assert problem in problems(edited(file, old, new))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: &x 1\nb: *x\n", "people.yaml:1: anchors and aliases are not used here"),
        ("a: 1\nb: *x\n", "people.yaml:2: anchors and aliases are not used here"),
        ("a: !!python/object:os.system 1\n", "people.yaml:1: tags are not used here"),
        ("a: 1\n<<: {b: 2}\n", "people.yaml:2: merge keys are not used here"),
        ("a: 1\na: 2\n", 'people.yaml:2: "a" is here twice'),
        ("? [a]\n: 1\n", "people.yaml:1: a key must be a word"),
        ("a: [1\nb: 2\n", "people.yaml:2: expected ',' or ']', but got ':'"),
        ("- a\n", "people.yaml:1: must be a mapping"),
        ("", "people.yaml:1: must be a mapping"),
        ("a: 1\n---\nb: 2\n", "people.yaml:2: but found another document"),
        ("a: 1\nb: x\u202ey\n", "people.yaml:2: has an invisible character"),
        ("a: 1\nb: \x07\n", "people.yaml:2: has an invisible character"),
        ("a: " + "[" * 3000, "people.yaml:1: is nested too deeply"),
    ],
)
def test_yaml_that_could_be_misread_is_refused(text: str, problem: str):
    assert problem in problems(files(people=text))


def test_what_is_not_text_is_refused():
    contents = files() | {"people.yaml": b"people:\n  ana: \xff\n"}
    assert problems(contents) == ["people.yaml:2: is not UTF-8 text"]


@pytest.mark.parametrize("value", ["true", "null", "~", "[a]"])
def test_a_value_of_another_kind_is_refused(value: str):
    assert any(one.startswith("rules.yaml:7: ") for one in problems(edited("rules", "With one yes", value)))


def test_a_long_wrong_value_is_shown_short():
    (problem,) = problems(edited("rules", "effect: deny", f"effect: {'x' * 500}"))
    assert len(problem) < 150


def test_everything_that_is_wrong_is_said_at_once_in_order():
    found = problems(
        edited("rules", "requester_in", "requster_in")
        | {"people.yaml": PEOPLE.replace("members: [ben]", "members: [bn]").encode(), "clouds.yaml": b"- x"}
    )
    assert found == [
        "clouds.yaml:1: must be a mapping",
        'people.yaml:6: no person is called "bn". Did you mean ben?',
        'rules.yaml:9: unknown word "requster_in". Did you mean requester_in?',
    ]


def test_names_are_checked_against_the_files_that_could_be_read():
    broken = {"people.yaml": b"- x", "roles.yaml": b"- x"}
    found = problems(edited("rules", "[office-hours]", "[lunch]") | broken)
    assert found == [
        "people.yaml:1: must be a mapping",
        "roles.yaml:1: must be a mapping",
        'rules.yaml:17: no window is called "lunch"',
    ]


def test_one_aws_account_has_one_alias():
    twice = CLOUDS + CLOUDS.replace("aws:\n", "").replace("shop-prod:", "shop-again:")
    assert problems(files(clouds=twice)) == ["clouds.yaml:9: 111122223333 is here twice"]


THREE_MORE = """\
identity_center:
  shop-prod:
    id: "111122223333"
    region: eu-central-1
    instance: arn:aws:sso:::instance/ssoins-0123456789abcdef
    access_role: arn:aws:iam::999988887777:role/assignments
    external_id: meridian
    permission_sets:
      ReadDatabases: arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef
gcp:
  shop-prod: {name: projects/shop-prod}
azure:
  shop-prod:
    tenant: aaaabbbb-0000-4ccc-8111-dddd2222eeee
    id: /subscriptions/10000000-0000-4000-8000-000000000001
"""
IN_FOUR = """\
      - {cloud: identity-center, account: shop-prod, permission_set: ReadDatabases}
      - {cloud: gcp, resource: shop-prod, roles: [roles/cloudsql.viewer, projects/shop-prod/roles/triage]}
      - {cloud: azure, scope: shop-prod, role: Reader}
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("", "", None),
        (
            "permission_set: ReadDatabases",
            "permission_set: ReadDatabase",
            'roles.yaml:13: no permission set is called "ReadDatabase". Did you mean ReadDatabases?',
        ),
        (
            "identity-center, account: shop-prod",
            "identity-center, account: shop-prd",
            'roles.yaml:13: no Identity Center account is called "shop-prd". Did you mean shop-prod?',
        ),
        (
            "projects/shop-prod/roles/triage",
            "projects/other/roles/triage",
            "roles.yaml:14: projects/other/roles/triage is not in projects/shop-prod",
        ),
        (
            "resource: shop-prod",
            "resource: shop",
            'roles.yaml:14: no Google Cloud resource is called "shop". Did you mean shop-prod?',
        ),
        (
            "scope: shop-prod",
            "scope: shop",
            'roles.yaml:15: no Azure scope is called "shop". Did you mean shop-prod?',
        ),
        (
            "role: Reader",
            "role: Owner",
            "roles.yaml:15: Owner is never granted: it could change who has access",
        ),
    ],
)
def test_a_role_may_reach_every_cloud_where_its_places_are_known(old: str, new: str, problem: str | None):
    written = files(roles=ROLES + IN_FOUR.replace(old, new), clouds=CLOUDS + THREE_MORE)
    if problem is None:
        assert parse(written).clouds.used == ("aws", "identity-center", "gcp", "azure")
    else:
        assert problems(written) == [problem]


def test_policies_of_aws_itself_are_in_every_account():
    parse(edited("roles", "::111122223333:policy", "::aws:policy"))


# Cases


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "expect: refuse",
            "expect: allow",
            (
                'rules.yaml:20: case "ben asks" expects allow, but the answer is refuse:'
                " Nobody can approve: nobody else is in db-oncall now."
            ),
        ),
        (
            "expect: ask, from: [db-oncall]",
            "expect: ask, from: [engineers]",
            (
                'rules.yaml:19: case "ana asks" expects ask from engineers,'
                " but the answer is ask from db-oncall, by rule engineers-read"
            ),
        ),
        (
            "expect: refuse",
            "expect: ask\n    from: [db-oncall]",
            (
                'rules.yaml:20: case "ben asks" expects ask from db-oncall, but the answer is refuse:'
                " Nobody can approve: nobody else is in db-oncall now."
            ),
        ),
        (
            "approvals: [{from: [db-oncall]}]",
            "mode: enforce",
            (
                'rules.yaml:19: case "ana asks" expects ask from db-oncall, but the answer is allow,'
                " by rule engineers-read"
            ),
        ),
    ],
)
def test_a_case_that_is_answered_otherwise_refuses_the_file(old: str, new: str, problem: str):
    assert problem in problems(edited("rules", old, new))


def test_a_case_may_say_when_and_for_whom():
    more = """\
  - {name: monday, who: ana, role: prod-db-readonly, for: 2h, at: "2026-01-05T12:00:00Z", expect: refuse}
  - {name: for ben, who: ana, on_behalf_of: ben, role: prod-db-readonly, for: 1h, expect: refuse}
"""
    assert len(parse(files(rules=RULES + more)).cases) == 4


# Reading


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder: Path, name: str):
    (folder / name).unlink()
    with pytest.raises(FileRefused, match=f"{name}:1: cannot be read: No such file"):
        load(folder)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(FileRefused, match=r"people.yaml:1: cannot be read"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_may_write_is_refused(folder: Path, mode: int):
    (folder / "rules.yaml").chmod(mode)
    with pytest.raises(FileRefused, match=r"rules.yaml:1: group or others may write this file"):
        load(folder)
    load(folder, others_may_write=True)


def test_a_folder_that_others_may_write_is_refused(folder: Path):
    folder.chmod(0o777)
    with pytest.raises(FileRefused, match="group or others may write in this folder"):
        load(folder)
    load(folder, others_may_write=True)


def test_a_huge_file_is_refused(folder: Path):
    os.truncate(folder / "rules.yaml", 1_000_001)
    with pytest.raises(FileRefused, match="is larger than 1 MB"):
        read(folder)


# The policy in force


class Shelf:
    """Files in memory that a test can change."""

    def __init__(self) -> None:
        self.contents = files()
        self.locked = False

    def read(self) -> Mapping[str, bytes]:
        """The files as they are, unless somebody holds them."""
        if self.locked:
            raise FileRefused([])
        return self.contents


def test_nothing_new_changes_nothing():
    source = PolicySource(Shelf().read)
    before = source.current
    assert source.refresh() is False
    assert source.current is before


def test_new_rules_are_in_force_after_a_refresh():
    shelf = Shelf()
    source = PolicySource(shelf.read)
    shelf.contents = edited("rules", "max_duration: 2h", "max_duration: 3h")
    assert source.refresh() is True
    assert source.current.hash == parse(shelf.contents).hash


def test_a_new_comment_is_no_other_policy():
    shelf = Shelf()
    source = PolicySource(shelf.read)
    shelf.contents = files(rules=RULES + "# hello\n")
    assert source.refresh() is False
    assert source.last_refusal is None


def test_what_is_refused_leaves_the_old_policy_in_force_and_says_why():
    shelf = Shelf()
    source = PolicySource(shelf.read)
    before = source.current
    shelf.contents = edited("rules", "requester_in", "requster_in")
    assert source.refresh() is False
    assert source.current is before
    assert "requster_in" in str(source.last_refusal)


def test_after_a_refusal_the_old_files_are_right_again():
    shelf = Shelf()
    source = PolicySource(shelf.read)
    shelf.contents = files(people="- x")
    source.refresh()
    shelf.contents = files()
    assert source.refresh() is False
    assert source.last_refusal is None


def test_files_that_cannot_be_read_for_a_while_change_nothing():
    shelf = Shelf()
    source = PolicySource(shelf.read)
    shelf.locked = True
    assert source.refresh() is False
    assert source.last_refusal is not None
    shelf.locked = False
    assert source.refresh() is False
    assert source.last_refusal is None


def test_a_source_needs_something_to_start_with(folder: Path):
    assert PolicySource.of_folder(folder).current == load(folder)
    (folder / "rules.yaml").unlink()
    with pytest.raises(FileRefused):
        PolicySource.of_folder(folder)


# What loads and still looks wrong


def warnings(given_policy: Policy) -> list[str]:
    return [problem.text for problem in lint(given_policy)]


def test_good_files_have_no_warnings():
    assert lint(parse(files())) == ()


def test_a_warning_has_its_place():
    unused = PEOPLE + "  gardeners: {title: gardeners, members: []}\n"
    assert [str(one) for one in lint(parse(files(people=unused)))] == [
        "people.yaml:7: gardeners: no rule uses this group"
    ]


def test_a_group_is_used_wherever_it_is_named():
    given_policy = policy(
        rule("a", match={"requester_in": ["g1"]}, approvals=[yes_from("g2")]),
        rule("b", "deny", match={"not_requester_in": ["g3"]}),
        known=people(dict.fromkeys(("g1", "g2", "g3", "g4", "g5", "g6"), ("ana",))),
        may_ask_for_others=["g4"],
        may_end=["g5"],
    )
    assert warnings(given_policy) == ["g6: no rule uses this group"]


@pytest.mark.parametrize(
    ("rules", "warning"),
    [
        (
            [rule("a", approvals=[yes_from("nobody")])],
            "a: its approvals need more people than its groups have",
        ),
        (
            [rule("a", approvals=[yes_from("security", count=2)])],
            "a: its approvals need more people than its groups have",
        ),
        ([rule("a", match={"role_risk": ["critical"]})], "a: it matches no role"),
        ([rule("a", "deny", match={"role_risk": ["critical"]})], "a: it matches no role"),
        ([rule("a", match={"requester_in": ["left", "nobody"]})], "a: nobody is in its groups"),
        (
            [rule("a"), rule("b", "deny", match={"environment": ["prod"]})],
            "a: a deny rule closes it for every role",
        ),
        (
            [rule("a", max_duration="5h")],
            "a: it says 5 h, but prod-db-readonly is given for at most 4 h by the role",
        ),
        (
            [rule("a", max_duration="3h"), rule("b", "require", max_duration="1h")],
            "a: it says 3 h, but prod-db-readonly is given for at most 1 h by rule b",
        ),
        ([rule("a", "deny")], "prod-db-readonly: no rule gives this role to anybody"),
    ],
)
def test_what_looks_wrong_is_warned_of(rules: list[Rule], warning: str):
    assert warning in warnings(policy(*rules))


@pytest.mark.parametrize(
    "rules",
    [
        [rule("a"), rule("b", "deny", match={"requester_in": ["left"]})],
        [rule("a"), rule("b", "deny", match={"longer_than": "1h"})],
        [rule("a"), rule("b", "deny", match={"outside_window": ["office-hours"]})],
        [rule("a"), rule("b", "deny", mode=Mode.REPORT)],
        [rule("a", max_duration="3h"), rule("b", "require", match={"longer_than": "1h"}, max_duration="2h")],
        [rule("a", max_duration="3h"), rule("b", "require", approvals=[yes_from("security")])],
    ],
)
def test_what_may_well_be_meant_is_not_warned_of(rules: list[Rule]):
    assert not [one for one in warnings(policy(*rules, roles=[role()])) if one.startswith("a: ")]
