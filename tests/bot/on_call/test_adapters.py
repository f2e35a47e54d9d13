"""Making a source from what is configured: what is wrong is said in a sentence, and nothing secret is."""

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr, TypeAdapter

from bot.on_call.adapters import Around, PagerDutyApi, SourceOptions, make_source
from bot.on_call.grafana import GrafanaIrm
from bot.on_call.incident_io import IncidentIo
from bot.on_call.jsm import JsmOperations
from bot.on_call.pagerduty import PagerDuty
from bot.on_call.source import Source
from tests.bot.on_call.stand_in import says, standing
from tests.builders import NOW

TOKEN = SecretStr("live-token")
GRAFANA = {"address": "https://oncall.grafana.net/oncall", "stack": "https://meridian.grafana.net"}


@pytest.mark.parametrize(
    ("kind", "options", "made"),
    [
        ("pagerduty", {}, PagerDuty),
        ("pagerduty", {"address": "https://api.eu.pagerduty.com"}, PagerDuty),
        ("incident-io", {}, IncidentIo),
        ("grafana", GRAFANA, GrafanaIrm),
        ("jsm", {"cloud_id": "0a1b-2c"}, JsmOperations),
        ("jsm", {"cloud_id": "0a1b-2c", "email": "ana@meridian.example"}, JsmOperations),
    ],
)
def test_each_pager_is_made_from_its_name_a_token_and_options(
    kind: str, options: Mapping[str, object], made: type[Source]
):
    source = make_source("night-shift", kind, TOKEN, options)
    assert type(source) is made
    assert source.name == "night-shift"


def problem(
    kind: str,
    options: Mapping[str, object],
    token: SecretStr | None = TOKEN,
    name: str = "ours",
    around: Around = Around(),  # noqa: B008 (it never changes)
) -> str:
    with pytest.raises(ValueError, match=r"^on-call source ") as refused:
        make_source(name, kind, token, options, around)
    assert refused.value.__cause__ is None
    assert "live-token" not in str(refused.value)
    return str(refused.value)


def test_a_kind_that_does_not_exist_is_told_with_those_that_do():
    told = problem("opsgenie", {})
    assert "'pagerduty', 'incident-io', 'grafana', 'jsm', 'slack-usergroup', 'rota'" in told


@pytest.mark.parametrize("name", ["", "Pager", "a/b", "a" * 41])
def test_a_name_is_one_of_ours(name: str):
    assert "String should" in problem("pagerduty", {}, name=name)


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ("pagerduty", {"adress": "https://x"}, "adress: Extra inputs are not permitted"),
        ("pagerduty", {"address": "http://api.pagerduty.com"}, "address: Value error, a pager's address"),
        ("incident-io", {"address": "https://here:99999"}, "none that can be asked"),
        ("grafana", {}, "address: Field required; grafana.stack: Field required"),
        ("grafana", {**GRAFANA, "stack": "meridian"}, "stack: Value error, a pager's address"),
        ("jsm", {}, "cloud_id: Field required"),
        ("jsm", {"cloud_id": "../x"}, "cloud_id: String should match"),
        ("jsm", {"cloud_id": "x", "email": "a:b@c"}, "email: String should match"),
        ("slack-usergroup", {"address": "https://x"}, "address: Extra inputs"),
    ],
)
def test_what_is_configured_wrongly_is_told_by_its_name(kind: str, options: Mapping[str, object], told: str):
    assert told in problem(kind, options)


@pytest.mark.parametrize("kind", ["pagerduty", "incident-io"])
def test_a_pager_without_a_token_is_not_made(kind: str):
    assert problem(kind, {}, None).endswith("a pager's token is missing")
    assert "a pager's token is missing" in problem(kind, {}, SecretStr(""))
    assert "has signs in it that no token has" in problem(kind, {}, SecretStr("live-token\nX: y"))


def test_groups_are_made_where_slack_is_and_rotas_where_the_policy_is():
    assert "it is read with Slack" in problem("slack-usergroup", {}, None)
    assert "it is read from the policy" in problem("rota", {}, None)


def test_a_ca_bundle_that_cannot_be_read_is_told_without_its_place(tmp_path: Path):
    missing = Around(ca_bundle=str(tmp_path / "none.pem"))
    told = problem("pagerduty", {}, around=missing)
    assert told == "on-call source 'ours': the CA bundle cannot be read"


def test_options_are_told_apart_by_their_kind_and_do_not_change():
    adapter: TypeAdapter[SourceOptions] = TypeAdapter(SourceOptions)
    options = adapter.validate_python({"kind": "pagerduty"})
    assert options == PagerDutyApi()
    with pytest.raises(ValueError, match="frozen"):
        options.kind = "jsm"  # type: ignore[assignment,misc]


def test_jsm_is_asked_as_somebody_where_their_email_is_given():
    with standing(lambda *_: says({"onCallUsers": []})) as pager:
        options = {"cloud_id": "meridian", "email": "ana@meridian.example", "address": pager.address}
        assert make_source("jsm", "jsm", TOKEN, options).on_call("S1", NOW) == ()
        pair = base64.b64encode(b"ana@meridian.example:live-token").decode()
        assert pager.asked[0].headers["authorization"] == f"Basic {pair}"
        assert pager.asked[0].query == {"flat": "true", "date": "2026-11-24T14:02:11Z"}
