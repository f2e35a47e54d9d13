"""Who somebody is, by any of their accounts."""

import pytest
from pydantic import TypeAdapter, ValidationError

from policies.people import AwsIdentity, Group, People, did_you_mean, unknown
from policies.values import GroupName, PersonId
from tests.policies.builders import people, person

ANA = person(
    "ana",
    slack=[{"team": "T1", "user": "U1"}, {"team": "T1", "user": "U2"}],
    aws={"kind": "user", "arn": "arn:aws:iam::111122223333:user/ana"},
)
IDENTITIES: TypeAdapter[object] = TypeAdapter(AwsIdentity)


def test_two_linked_accounts_are_one_person():
    known = People(people=(ANA,))
    assert known.by_slack("T1", "U1") is known.by_slack("T1", "U2")


def test_an_account_that_is_linked_to_nobody_is_nobody():
    assert People(people=(ANA,)).by_slack("T2", "U1") is None


def test_the_groups_of_a_person_are_all_they_are_in():
    assert people().groups_of(PersonId("ben")) == {"engineers", "db-oncall"}


@pytest.mark.parametrize("who", ["gus", "stranger"])
def test_somebody_who_left_or_was_never_here_is_in_no_group(who: str):
    assert people().groups_of(PersonId(who)) == frozenset()


def test_members_are_the_active_people_of_a_group():
    assert [one.id for one in people().members(GroupName("db-oncall"))] == ["ben", "chloe"]
    assert people().members(GroupName("left")) == ()


def test_a_group_that_does_not_exist_has_no_members():
    assert people().members(GroupName("no-such-group")) == ()


def test_names_and_titles_are_shown_where_known_and_the_id_otherwise():
    assert people().name_of(PersonId("ana")) == "Ana"
    assert people().name_of(PersonId("zoe")) == "zoe"
    assert people().title_of(GroupName("security")) == "the security"
    assert people().title_of(GroupName("zoo")) == "zoo"


def test_the_order_people_are_written_in_does_not_matter():
    ben = person("ben")
    assert People(people=(ANA, ben)) == People(people=(ben, ANA))


def test_one_slack_account_cannot_belong_to_two_people():
    with pytest.raises(ValidationError, match="Slack account T1/U1 is here twice"):
        People(people=(ANA, person("bea", slack=[{"team": "T1", "user": "U1"}])))


def test_one_aws_identity_cannot_belong_to_two_people():
    with pytest.raises(ValidationError, match=r"AWS identity .*user/ana is here twice"):
        People(people=(ANA, person("bea", aws=ANA.aws.model_dump() if ANA.aws else None)))


def test_one_session_of_a_role_cannot_belong_to_two_people():
    aws = {
        "kind": "role_session",
        "role_arn": "arn:aws:iam::111122223333:role/base",
        "user_id": "AROAEXAMPLE123:ana@example.com",
    }
    with pytest.raises(ValidationError, match="is here twice"):
        People(people=(person("ana", aws=aws), person("bea", aws=aws)))


@pytest.mark.parametrize(
    ("word", "account", "said"),
    [
        (
            "identity_center",
            "a0000000-0000-4000-8000-0000000000a1",
            "Identity Center user a0000000-0000-4000-8000-0000000000a1",
        ),
        ("google", "user:Ana@meridian.example", "Google account user:ana@meridian.example"),
        (
            "entra",
            "a0000000-0000-4000-8000-0000000000a1",
            "Entra user a0000000-0000-4000-8000-0000000000a1",
        ),
    ],
)
def test_one_account_anywhere_cannot_belong_to_two_people(word: str, account: str, said: str):
    again = account.replace("Ana@", "ana@")
    with pytest.raises(ValidationError, match=f"{said} is here twice"):
        People(people=(person("ana", **{word: account}), person("bea", **{word: again})))


def test_an_id_or_a_group_name_is_there_once():
    group = Group.model_validate({"name": "ops", "title": "operations", "members": []})
    with pytest.raises(ValidationError, match="ana is here twice"):
        People(people=(ANA, person("ana")))
    with pytest.raises(ValidationError, match="ops is here twice"):
        People(groups=(group, group))


def test_a_member_nobody_knows_is_refused_with_the_closest_name():
    group = Group.model_validate({"name": "ops", "title": "operations", "members": ["anna"]})
    with pytest.raises(ValidationError, match=r'no person is called "anna". Did you mean ana\?'):
        People(people=(ANA,), groups=(group,))


@pytest.mark.parametrize("name", ["Ana Ruiz", "Renée O'Neil-Smith Jr.", "Åsa Öberg", "नमिता"])
def test_names_have_letters_of_any_script(name: str):
    assert person("ana", name=name).name == name


@pytest.mark.parametrize("name", ["", "<!channel>", "Ana*", "Ana_R", "@ana", "Ana\u202eR", "A" * 61, "Ana 2"])
def test_names_that_could_be_markup_are_refused(name: str):
    with pytest.raises(ValidationError):
        person("ana", name=name)


@pytest.mark.parametrize(
    "identity",
    [
        {"kind": "user", "arn": "arn:aws:iam::111122223333:root"},
        {"kind": "user", "arn": "arn:aws:iam::111122223333:user/*"},
        {"kind": "user", "arn": "arn:aws:sts::111122223333:assumed-role/base/ana"},
        {
            "kind": "role_session",
            "role_arn": "arn:aws:iam::111122223333:role/base",
            "user_id": "*:ana@example.com",
        },
        {
            "kind": "role_session",
            "role_arn": "arn:aws:iam::111122223333:role/base",
            "user_id": "ana@example.com",
        },
        {
            "kind": "role_session",
            "role_arn": "arn:aws:iam::111122223333:role/base",
            "user_id": "AROAEXAMPLE:*",
        },
        {
            "kind": "role_session",
            "role_arn": "arn:aws:iam::111122223333:role/*",
            "user_id": "AROAEXAMPLE:ana",
        },
        {"kind": "role_session", "role_arn": "arn:aws:iam::111122223333:root", "user_id": "AROAEXAMPLE:ana"},
    ],
)
def test_an_aws_identity_that_somebody_else_could_take_is_refused(identity: dict[str, str]):
    with pytest.raises(ValidationError):
        IDENTITIES.validate_python(identity)


def test_a_word_close_to_none_gets_no_suggestion():
    assert did_you_mean("zzz", ["ana"]) == ""
    assert unknown("role", "zzz", ["ana"]) == 'no role is called "zzz"'
