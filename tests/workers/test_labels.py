"""The tags of a leased role: what a lost ledger needs, under a signature only we can make."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import HOUR, NOW, grant
from workers.clouds.cloud import Holding
from workers.clouds.labels import Labels

KEY, OLD = b"the key in use", b"the key before it"
HOLDING = Holding.of([grant()])
OURS = Labels("meridian", [KEY, OLD])
TAGS = OURS.of(HOLDING, NOW + HOUR)


def test_the_labels_say_everything_a_lost_ledger_needs():
    unsigned = {name: value for name, value in TAGS.items() if name != "signature"}
    assert unsigned == {
        "instance": "meridian",
        "grant": "pa-0001-1",
        "request": "pa-0001",
        "person": "ana",
        "role": "prod-db-readonly",
        "ends": "2026-11-24T15:02:11Z",
    }


def test_aws_takes_the_labels_as_they_are():
    assert all(re.fullmatch(r"[\w.:/=+\-@ ]{1,128}", name) for name in TAGS)
    assert all(re.fullmatch(r"[\w.:/=+\-@ ]{0,256}", value) for value in TAGS.values())


def test_our_own_labels_are_genuine_among_anybodys_tags():
    assert OURS.genuine(HOLDING.key, TAGS)
    assert OURS.genuine(HOLDING.key, {**TAGS, "team": "shop"})


def test_what_was_signed_with_the_key_before_stays_genuine():
    assert OURS.genuine(HOLDING.key, Labels("meridian", [OLD]).of(HOLDING, NOW + HOUR))
    assert not Labels("meridian", [OLD]).genuine(HOLDING.key, TAGS)


@pytest.mark.parametrize("name", sorted(TAGS))
def test_a_missing_label_is_not_genuine(name: str):
    assert not OURS.genuine(HOLDING.key, {key: value for key, value in TAGS.items() if key != name})


@given(st.sampled_from(sorted(TAGS)), st.text(max_size=30))
def test_an_altered_label_is_not_genuine(name: str, value: str):
    assert OURS.genuine(HOLDING.key, {**TAGS, name: value}) is (TAGS[name] == value)


@given(st.text(max_size=60))
def test_labels_copied_onto_another_role_are_not_genuine(arn: str):
    assert OURS.genuine(arn, TAGS) is (arn == HOLDING.key)


@given(st.dictionaries(st.sampled_from(sorted(TAGS)), st.text()))
def test_labels_somebody_made_up_are_not_genuine(tags: dict[str, str]):
    assert not OURS.genuine(HOLDING.key, tags)


def test_another_installation_with_our_key_is_another_installation():
    assert not Labels("elsewhere", [KEY]).genuine(HOLDING.key, TAGS)


def test_text_moved_from_one_label_to_the_next_is_not_genuine():
    moved = {**TAGS, "person": "anap", "role": "rod-db-readonly"}
    assert not OURS.genuine(HOLDING.key, moved)


def test_another_end_is_another_signature():
    later = OURS.of(HOLDING, NOW + HOUR + timedelta(seconds=1))
    assert later["signature"] != TAGS["signature"]
