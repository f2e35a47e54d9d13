"""Making a pager from what is configured: what is wrong is said in a sentence, and nothing secret is."""

from collections.abc import Mapping

import pytest
from pydantic import SecretStr

from bot.pagers.adapters import make_pager
from bot.pagers.alertmanager import AlertGroups
from bot.pagers.generic import SignedJson
from bot.pagers.incident_io import IncidentIo
from bot.pagers.jsm import JsmOperations
from bot.pagers.pager import Pager
from bot.pagers.pagerduty import PagerDuty
from tests.bot.pagers.payloads import DATADOG, FIREHYDRANT, ROOTLY
from tests.bot.pagers.signing import LIVE

LIVE_SECRETS = [SecretStr(LIVE)]


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("pagerduty", PagerDuty),
        ("incident-io", IncidentIo),
        ("alertmanager", AlertGroups),
        ("grafana", AlertGroups),
        ("jsm", JsmOperations),
    ],
)
def test_each_kind_is_made_from_its_name_and_a_secret(kind: str, made: type[Pager]):
    pager = make_pager("night-shift", kind, LIVE_SECRETS, {})
    assert type(pager) is made
    assert pager.name == "night-shift"


@pytest.mark.parametrize("options", [ROOTLY, FIREHYDRANT, DATADOG])
def test_signed_json_is_made_from_its_paths(options: Mapping[str, object]):
    assert type(make_pager("rootly", "signed-json", LIVE_SECRETS, options)) is SignedJson


def problem(name: str, kind: str, secrets: list[SecretStr], options: Mapping[str, object]) -> str:
    with pytest.raises(ValueError, match=r"^pager ") as refused:
        make_pager(name, kind, secrets, options)
    assert refused.value.__cause__ is None
    return str(refused.value)


@pytest.mark.parametrize("name", ["", "Pager", "a/b", "../a", "a" * 41])
def test_a_name_can_stand_in_an_address(name: str):
    assert problem(name, "pagerduty", LIVE_SECRETS, {}).startswith(f"pager {name!r}: String should")


def test_a_kind_that_does_not_exist_is_told_with_those_that_do():
    told = problem("ours", "opsgenie", LIVE_SECRETS, {})
    assert "'opsgenie'" in told
    assert "'pagerduty', 'incident-io', 'alertmanager', 'grafana', 'jsm', 'signed-json'" in told


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ("pagerduty", {"commander": "P1"}, "pagerduty.commander: Extra inputs are not permitted"),
        ("pagerduty", {"commander_role": "a b"}, "pagerduty.commander_role: String should match"),
        ("incident-io", {"scheme": {}}, "incident-io.scheme: Extra inputs are not permitted"),
        ("alertmanager", {"service_label": ""}, "alertmanager.service_label: String should have"),
        ("grafana", {"scheme": {"scheme": "token"}}, "grafana.scheme.scheme: Input should be 'timed-hmac'"),
        ("grafana", {"scheme": {"timestamp_header": ""}}, "grafana.scheme.timestamp_header: Value error"),
        ("jsm", {"scheme": {"header": "a b"}}, "jsm.scheme.header: Value error, a header's name has letters"),
        ("signed-json", {**ROOTLY, "scheme": {}}, "signed-json.scheme: Unable to extract tag"),
        ("signed-json", {**ROOTLY, "verbs": {}}, "signed-json.verbs: Dictionary should have at least 1 item"),
        (
            "signed-json",
            {**ROOTLY, "verbs": {"a": "opened"}},
            "signed-json.verbs.a: Input should be 'triggered'",
        ),
        ("signed-json", {**ROOTLY, "incident": "data..id"}, "signed-json.incident: String should match"),
        ("signed-json", {**ROOTLY, "incident": "$.data"}, "signed-json.incident: String should match"),
        (
            "signed-json",
            {**ROOTLY, "title": ".".join("abcdefghijk")},
            "signed-json.title: String should match",
        ),
        ("signed-json", {**DATADOG, "at": None}, "a path for `at` is needed: this scheme signs no time"),
        ("signed-json", {}, "signed-json.scheme: Field required; signed-json.event: Field required"),
    ],
)
def test_an_option_that_is_wrong_is_named(kind: str, options: Mapping[str, object], told: str):
    assert told in problem("ours", kind, LIVE_SECRETS, options)


@pytest.mark.parametrize("kind", ["pagerduty", "incident-io", "alertmanager", "grafana", "jsm"])
def test_a_secret_that_cannot_be_one_is_told_without_it(kind: str):
    told = problem("ours", kind, [SecretStr("hush hush hush hush")], {})
    assert told == "pager 'ours': a secret has 16 to 512 printed signs, and no space or line break"


def test_the_kind_that_is_asked_for_is_made_whatever_the_options_say():
    assert type(make_pager("ours", "jsm", LIVE_SECRETS, {"kind": "pagerduty"})) is JsmOperations
