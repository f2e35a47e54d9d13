"""Alertmanager and Grafana Alerting: a group of alerts is one incident, and repeats itself."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pagers.pager import Malformed
from policies.incident import PagerEvent, PagerName, PagerVerb
from tests.bot.pagers import signing
from tests.bot.pagers.payloads import Body, alert, alertmanager, grafana
from tests.bot.pagers.reading import read

STARTED = datetime(2026, 11, 24, 14, 0, 45, 828_266, tzinfo=UTC)
ENDED = "2026-11-24T14:02:00Z"
SECOND = "8bf5f20a3d1c4e6f"
LATER = "2026-11-24T14:01:30Z"


def one(body: Body, **options: object) -> PagerEvent:
    (event,) = read("alertmanager", signing.bearer, body, options)
    return event


def test_a_group_that_fires_is_triggered_with_its_labels_and_nobody_in_it():
    event = one(alertmanager())
    assert event == PagerEvent(
        pager=PagerName("our-pager"),
        delivery=event.delivery,
        verb=PagerVerb.TRIGGERED,
        at=STARTED,
        incident=event.incident,
        title="Probe failure: payments",
        service="payments",
        severity="critical",
        link="https://alertmanager.meridian.example",
    )


def test_grafana_sends_the_same():
    (event,) = read("grafana", signing.grafana, grafana())
    assert event == one(alertmanager())


def test_grafanas_headers_are_those_of_the_contact_point():
    options = {"scheme": {"header": "X-Signature", "timestamp_header": "X-Signature-Time"}}

    def sign(body: bytes, secret: str, at: datetime) -> dict[str, str]:
        signature, stamp = reversed(signing.grafana(body, secret, at).values())
        return {"x-signature": signature, "x-signature-time": stamp}

    assert len(read("grafana", sign, grafana(), options)) == 1


def test_a_group_is_resolved_when_the_last_of_it_ended():
    event = one(alertmanager(alert(ended=ENDED), alert(SECOND, ended="2026-11-24T14:01:00Z")))
    assert (event.verb, event.at) == (PagerVerb.RESOLVED, datetime(2026, 11, 24, 14, 2, tzinfo=UTC))


def test_a_group_fires_while_one_of_it_does():
    event = one(alertmanager(alert(ended=ENDED), alert(SECOND)))
    assert (event.verb, event.at) == (PagerVerb.TRIGGERED, datetime(2026, 11, 24, 14, 2, tzinfo=UTC))


def test_the_incident_stays_the_same_whatever_happens_in_the_group():
    told = [
        one(alertmanager()),
        one(alertmanager(alert(), alert(SECOND, startsAt=LATER))),
        one(alertmanager(alert(ended=ENDED), alert(SECOND, startsAt=LATER))),
        one(alertmanager(alert(ended=ENDED), alert(SECOND, ended=ENDED))),
        one(alertmanager(alert(startsAt="2026-11-24T14:02:30Z"))),
    ]
    assert len({event.incident for event in told}) == 1
    assert len({event.delivery for event in told}) == 5
    assert sorted(event.at for event in told) == [event.at for event in told]


def test_another_group_or_receiver_is_another_incident():
    told = [one(alertmanager()), one(alertmanager(groupKey="{}:{}")), one(alertmanager(receiver="another"))]
    assert len({event.incident for event in told}) == len({event.delivery for event in told}) == 3


@given(order=st.permutations([alert(), alert(SECOND), alert("00ff00ff00ff00ff", ended=ENDED)]))
def test_a_repeated_notification_is_the_same_in_any_order_and_with_other_words(order: list[Body]):
    again = alertmanager(*order, notification_reason="repeat interval elapsed", commonAnnotations={})
    first = alertmanager(alert(), alert(SECOND), alert("00ff00ff00ff00ff", ended=ENDED))
    assert one(again).delivery == one(first).delivery


def test_the_labels_that_are_read_are_configured():
    labels = {"app": "ledger", "level": "SEV1"}
    event = one(alertmanager(commonLabels=labels), service_label="app", severity_label="level")
    assert (event.service, event.severity) == ("ledger", "sev1")


def test_a_label_that_the_alerts_do_not_share_says_nothing():
    event = one(alertmanager(commonLabels={"alertname": "ProbeFailure"}, commonAnnotations={}))
    assert (event.service, event.severity) == (None, None)
    assert event.title == "ProbeFailure"


def test_where_alerts_are_left_out_only_what_the_group_is_made_by_is_believed():
    assert one(alertmanager(truncatedAlerts=7)).service is None
    by_service = {"alertname": "ProbeFailure", "service": "payments"}
    assert one(alertmanager(truncatedAlerts=7, groupLabels=by_service)).service == "payments"


@pytest.mark.parametrize("label", ["", " ", "a\nb", "\u202e", "a" * 201])
def test_a_label_that_cannot_be_a_service_is_left_out_and_the_incident_stays(label: str):
    event = one(alertmanager(commonLabels={"service": label, "severity": label}))
    assert (event.service, event.severity, event.verb) == (None, None, PagerVerb.TRIGGERED)


@pytest.mark.parametrize("nothing", [{}, None])
def test_a_group_without_words_has_an_empty_title_and_without_https_no_link(nothing: object):
    words = {"groupLabels": nothing, "commonLabels": nothing, "commonAnnotations": nothing}
    event = one(alertmanager(**words, externalURL="http://alertmanager:9093"))
    assert (event.title, event.link) == ("", None)


@pytest.mark.parametrize(
    "changes",
    [
        {"alerts": []},
        {"alerts": [alert(fingerprint="")]},
        {"status": "pending"},
        {"groupKey": ""},
        {"receiver": None},
        {"commonLabels": {"service": 3}},
        {"truncatedAlerts": -1},
        {"alerts": [alert(startsAt="today")]},
    ],
)
def test_what_a_template_made_differently_is_malformed(changes: dict[str, object]):
    with pytest.raises(Malformed):
        one(alertmanager(**changes))


def test_with_alerts_left_out_a_group_that_is_resolved_is_news_though_those_that_are_told_are_the_same():
    told = [one(alertmanager(truncatedAlerts=1, status=status)) for status in ("firing", "resolved")]
    assert len({event.delivery for event in told}) == 2


def test_a_storm_of_alerts_is_one_incident():
    storm = [alert(f"{number:016x}") for number in range(2_000)]
    assert one(alertmanager(*storm)).incident == one(alertmanager()).incident
