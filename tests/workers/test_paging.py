"""Somebody is paged for what does not end: once for each, in order, until the webhook has taken it."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from policies.audit import Event
from tests.builders import NOW, StoppedClock
from workers.ledger.ledger import Ledger
from workers.paging import HOLD, Paging


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


class Webhook(HTTPServer):
    """Somebody's pager: keeps what it is sent, and answers as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.taken: list[dict[str, Any]] = []
        self.status = 202

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}/page"


class _Taking(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status < 400:
            self.server.taken.append(json.loads(body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def happens(ledger: Ledger, kind: str, grant: str) -> None:
    ledger.retrying(lambda writing: writing.record([Event(kind, NOW, {"grant": grant})]))


def test_what_is_stuck_is_paged_once_and_nothing_else_is(ledger: Ledger, webhook: Webhook):
    paging = Paging(ledger, webhook.url, name="me")
    happens(ledger, "grant.live", "pa-1")
    happens(ledger, "grant.stuck", "pa-2")
    happens(ledger, "grant.missing", "pa-3")
    assert (paging.run(), paging.run()) == (2, 0)
    assert [(one["what"], one["grant"]) for one in webhook.taken] == [
        ("grant.stuck", "pa-2"),
        ("grant.missing", "pa-3"),
    ]
    assert len({one["id"] for one in webhook.taken}) == 2


def test_a_webhook_that_does_not_take_it_is_asked_again(ledger: Ledger, webhook: Webhook):
    paging = Paging(ledger, webhook.url, name="me")
    happens(ledger, "grant.stuck", "pa-1")
    webhook.status = 500
    assert paging.run() == 0
    webhook.status = 200
    assert paging.run() == 1
    assert [one["grant"] for one in webhook.taken] == ["pa-1"]


@pytest.mark.parametrize("status", [301, 302, 308, 401, 404, 429, 503])
def test_a_webhook_that_has_moved_or_is_closed_has_taken_nothing(
    ledger: Ledger, webhook: Webhook, status: int
):
    happens(ledger, "grant.stuck", "pa-1")
    webhook.status = status
    assert Paging(ledger, webhook.url, name="me").run() == 0
    webhook.status = 204
    assert Paging(ledger, webhook.url, name="me").run() == 1


def test_one_page_that_is_refused_does_not_hold_up_the_rest(ledger: Ledger, webhook: Webhook):
    happens(ledger, "reconcile.foreign", "pa-1")
    webhook.status = 400
    paging = Paging(ledger, webhook.url, name="me")
    paging.run()
    webhook.status = 200
    happens(ledger, "grant.stuck", "pa-2")
    paging.run()
    assert [one["grant"] for one in webhook.taken] == ["pa-2"]


def test_a_webhook_that_is_set_up_later_is_not_sent_the_whole_history(
    ledger: Ledger, webhook: Webhook, clock: StoppedClock
):
    happens(ledger, "grant.stuck", "pa-1")
    clock.move(timedelta(days=2))
    assert Paging(ledger, webhook.url, name="me").run() == 0


def test_nobody_listening_loses_nothing(ledger: Ledger, webhook: Webhook):
    happens(ledger, "grant.stuck", "pa-1")
    assert Paging(ledger, "http://127.0.0.1:9/page", name="me").run() == 0
    assert Paging(ledger, webhook.url, name="me").run() == 1


def test_without_a_webhook_nobody_is_paged(ledger: Ledger):
    happens(ledger, "grant.stuck", "pa-1")
    assert Paging(ledger, "", name="me").run() == 0


def test_two_clocks_page_once(ledger: Ledger, webhook: Webhook, clock: StoppedClock):
    happens(ledger, "grant.stuck", "pa-1")
    first, second = Paging(ledger, webhook.url, name="one"), Paging(ledger, webhook.url, name="two")
    assert (first.run(), second.run()) == (1, 0)
    clock.move(HOLD)
    assert second.run() == 0
    assert len(webhook.taken) == 1
