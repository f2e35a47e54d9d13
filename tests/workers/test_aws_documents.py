"""The policy documents of a leased role: who, until when, and nothing afterwards."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.people import AwsRoleSession, AwsUser
from tests.builders import NOW, PRINCIPAL
from workers.clouds.aws.documents import (
    Document,
    deny_after,
    deny_now,
    end_of_deny,
    end_of_trust,
    moment_text,
    principal_of,
    read_moment,
    text,
    trust,
)

SESSION = AwsRoleSession(
    kind="role_session",
    role_arn="arn:aws:iam::777788889999:role/engineer",
    user_id="AROAEXAMPLEEXAMPLE:ana@meridian.example",
)
MOMENTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 (the strategy adds the time zone)
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 (as above)
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=9, minutes=30)), timezone(-timedelta(hours=8))]),
)


def statement(document: Document) -> Document:
    assert document["Version"] == "2012-10-17"
    (only,) = document["Statement"]
    return dict(only)


def test_a_user_is_trusted_by_their_own_arn_until_the_end():
    assert statement(trust(PRINCIPAL, NOW)) == {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::777788889999:user/ana"},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"],
        "Condition": {"DateLessThan": {"aws:CurrentTime": "2026-11-24T14:02:11Z"}},
    }


def test_a_session_is_trusted_by_its_role_and_its_exact_person():
    trusted = statement(trust(SESSION, NOW))
    assert trusted["Principal"] == {"AWS": SESSION.role_arn}
    assert trusted["Condition"]["StringEquals"] == {"aws:userid": SESSION.user_id}
    assert trusted["Condition"]["DateLessThan"] == {"aws:CurrentTime": "2026-11-24T14:02:11Z"}


@pytest.mark.parametrize("principal", [PRINCIPAL, SESSION])
def test_nobody_is_trusted_by_a_wildcard(principal: AwsUser | AwsRoleSession):
    written = text(trust(principal, NOW))
    assert "*" not in written
    assert ":root" not in written


def test_after_the_end_everything_is_denied():
    assert statement(deny_after(NOW)) == {
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"DateGreaterThanEquals": {"aws:CurrentTime": "2026-11-24T14:02:11Z"}},
    }


def test_an_early_end_denies_everything_at_once():
    assert statement(deny_now()) == {"Effect": "Deny", "Action": "*", "Resource": "*"}


@given(MOMENTS)
def test_trust_and_deny_leave_no_moment_between_them(until: datetime):
    assert (
        end_of_trust(trust(PRINCIPAL, until))
        == end_of_deny(deny_after(until))
        == until.replace(microsecond=0)
    )


@given(MOMENTS)
def test_a_moment_is_read_back_in_whole_seconds(moment: datetime):
    assert read_moment(moment_text(moment)) == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    "words", ["", "soon", "2026-11-24", "2026-11-24T14:02:11+01:00", "2026-13-01T00:00:00Z"]
)
def test_another_text_is_no_moment(words: str):
    assert read_moment(words) is None


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"Statement": []},
        {"Statement": None},
        {"Statement": [{}, {}]},
        {"Statement": [{"Condition": None}]},
        {"Statement": [{"Condition": {"DateLessThan": {}}}]},
        {"Statement": [{"Condition": {"DateLessThan": {"aws:CurrentTime": "soon"}}}]},
        {"Statement": [{"Condition": {"DateLessThan": {"aws:CurrentTime": 7}}}]},
        {"Statement": [{"Condition": {"DateLessThan": {"aws:CurrentTime": ["2026-11-24T14:02:11Z"]}}}]},
        deny_now(),
    ],
)
def test_a_document_without_such_an_end_has_none(document: Document):
    assert end_of_trust(document) is None
    assert end_of_deny(document) is None


@pytest.mark.parametrize("principal", [PRINCIPAL, SESSION])
def test_whom_a_trust_lets_in_is_read_back(principal: AwsUser | AwsRoleSession):
    assert principal_of(trust(principal, NOW)) == principal


@pytest.mark.parametrize(
    "statement",
    [
        {},
        {"Principal": "*", "Condition": {}},
        {"Principal": {"AWS": "*"}, "Condition": {}},
        {"Principal": {"AWS": "arn:aws:iam::777788889999:root"}, "Condition": {}},
        {"Principal": {"AWS": ["arn:aws:iam::777788889999:user/ana"]}, "Condition": {}},
        {"Principal": {"AWS": "arn:aws:iam::777788889999:user/ana"}},
        {"Principal": {"AWS": "arn:aws:iam::777788889999:user/ana"}, "Condition": []},
        {"Principal": {"AWS": SESSION.role_arn}, "Condition": {"StringEquals": {"aws:userid": "AROA*:*"}}},
    ],
)
def test_a_trust_that_we_did_not_write_names_nobody(statement: Document):
    assert principal_of({"Statement": [statement]}) is None


def test_a_trust_is_no_deny_and_a_deny_no_trust():
    assert end_of_deny(trust(PRINCIPAL, NOW)) is None
    assert end_of_trust(deny_after(NOW)) is None


def test_a_document_is_sent_as_dense_json():
    assert json.loads(text(deny_now())) == deny_now()
    assert " " not in text(deny_now())
