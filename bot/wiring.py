"""The one place where the processes that speak with Slack get their concrete parts."""

import os
import threading
import time
from collections.abc import Iterable, Iterator
from functools import cached_property

import structlog
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.alerts import Alerts
from bot.announcer import Announcer
from bot.desk import Desk
from bot.hearing import Hearing
from bot.leavers import SlackLeavers
from bot.on_call.adapters import Around
from bot.on_duty import OnDutyNow
from bot.policy_watch import PolicyWatch
from bot.settings import BotSettings
from bot.slack.app import make_app
from bot.slack.client import Conversation, Home, SlackConversation, SlackError
from bot.slack.gate import Gate
from workers.ledger.errors import LedgerError
from workers.policy_in_force import PolicyInForce
from workers.queue import ANNOUNCE
from workers.shared import Shared
from workers.worker import serve

log = structlog.get_logger(__name__)

_POLL_SECONDS = 1.0
_DUTY_SECONDS = 0.5
_SLACK_SECONDS = 5


class Answering(Shared):
    """What the bot stands on: somebody waits for its answer, so bells are rung in the background."""

    def ring(self, names: frozenset[str]) -> None:
        """Ring bells after a commit, without waiting for Redis."""
        self.bells.ring_soon(names)


class Face:
    """Everything the bot and the announcer need, each part made when it is first used."""

    def __init__(self, settings: BotSettings) -> None:
        self.settings = settings
        self.shared = Answering(settings)

    @cached_property
    def client(self) -> WebClient:
        """Slack's Web API."""
        return WebClient(
            token=self.settings.slack_bot_token.get_secret_value(),
            base_url=self.settings.slack_api_url,
            timeout=_SLACK_SECONDS,
        )

    @cached_property
    def conversation(self) -> Conversation:
        """What we say in Slack."""
        return SlackConversation(self.client)

    @cached_property
    def desk(self) -> Desk:
        """The verbs behind every surface."""
        return Desk(self.shared.ledger, self.shared.policy, self.on_duty.refresh_for)

    @cached_property
    def on_duty(self) -> OnDutyNow:
        """Who is on call, kept in the ledger."""
        around = Around(ca_bundle=self.settings.ca_bundle)
        return OnDutyNow(self.shared.ledger, self.shared.policy, self.settings.pager_tokens, around)

    @property
    def policy(self) -> PolicyInForce:
        """The policy in force."""
        return self.shared.policy

    @cached_property
    def announcer(self) -> Announcer:
        """Tells people what happened."""
        return Announcer(self.shared.ledger, self.shared.policy, self.conversation, name=self.shared.name)

    @cached_property
    def policy_watch(self) -> PolicyWatch:
        """Tells when the policy files are refused."""
        return PolicyWatch(self.policy, self.conversation, self.settings.audit_channel)

    @cached_property
    def alerts(self) -> Alerts:
        """Tells what somebody has to look at."""
        return Alerts(
            self.shared.ledger,
            self.shared.policy,
            self.conversation,
            channel=self.settings.audit_channel,
            name=self.shared.name,
        )

    @cached_property
    def leavers(self) -> SlackLeavers:
        """Ends what people hold who are no longer in Slack."""
        return SlackLeavers(self.shared.ledger, self.shared.policy, self.conversation)

    def home(self, stop: threading.Event | None = None) -> Home | None:
        """Our own workspace, asked of Slack until it answers; None when told to stop first."""
        waiting = stop or threading.Event()
        while not waiting.is_set():
            try:
                return self.conversation.whoami()
            except SlackError as error:
                log.warning("slack_does_not_answer", problem=str(error))
                waiting.wait(_POLL_SECONDS)
        return None

    def checkup(self, channels: Iterable[str]) -> Iterator[tuple[str, bool, str]]:
        """What an operator should know of our standing in Slack: (what, fine or not, detail)."""
        try:
            home = self.conversation.whoami()
        except SlackError as error:
            yield "token", False, f"{error}; check SLACK_BOT_TOKEN"
            return
        yield "token", True, f"workspace {home.team}"
        for channel in channels:
            yield self._channel(channel)

    def _channel(self, channel: str) -> tuple[str, bool, str]:
        try:
            standing = self.conversation.channel(channel)
        except SlackError as error:
            return channel, False, f"{error}; invite the bot to it"
        if standing.shared:
            return channel, False, "shared with another organisation: cards are never posted there"
        fine = standing.member
        return channel, fine, "the bot is in it" if fine else "invite the bot to it: /invite @Prod Access"

    def serve(self, stop: threading.Event) -> None:
        """Answer Slack over Socket Mode until told to stop."""
        home = self.home(stop)
        if home is None:
            return
        gate = Gate(home, self.conversation, self.shared.policy)
        app = make_app(self, gate)
        handler = SocketModeHandler(
            app, self.settings.slack_app_token.get_secret_value(), concurrency=32, ping_interval=5
        )
        self._connect(handler, stop)
        stop.wait()
        handler.close()  # type: ignore[no-untyped-call]

    def _connect(self, handler: SocketModeHandler, stop: threading.Event) -> None:
        """Open the connection; the client itself opens it anew when it is lost."""
        while not stop.is_set():
            try:
                handler.connect()  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001 (the boundary to the SDK, whose errors are many)
                log.warning("slack_does_not_connect", problem=type(error).__name__)
                stop.wait(_POLL_SECONDS)
            else:
                log.info("connected")
                return

    def announce_for_ever(self) -> None:
        """Answer the bell until told to stop, and look without one every second in case it was lost."""
        for name, work in (("poll", self._poll), ("on-duty", self._keep_on_duty)):
            threading.Thread(target=work, name=name, daemon=True).start()
        while not serve(self.settings, ANNOUNCE):
            time.sleep(_POLL_SECONDS)

    def _poll(self) -> None:
        while True:
            time.sleep(max(self.announce(), _POLL_SECONDS))
            self.look_around()

    def _keep_on_duty(self) -> None:
        """Ask the pagers what workers wait for; on a thread of its own, as a pager may be slow."""
        while True:
            time.sleep(_DUTY_SECONDS)
            self.ask_who_is_on_duty()

    def ask_who_is_on_duty(self) -> None:
        """Bring up to date what a worker waits for, whatever goes wrong with it."""
        try:
            self.on_duty.refresh_wanted()
        except Exception:  # the boundary of one look: the next one comes
            log.exception("look_broke")

    def look_around(self) -> None:
        """What nobody rings for: policy, alerts, leavers, old deliveries; each whatever becomes of others."""
        looks = (self.policy_watch.look, self.alerts.look, self.leavers.look, self.hearing.tidy)
        for look in looks:
            try:
                look()
            except Exception:  # the boundary of one look: the next one, and the polling, go on
                log.exception("look_broke")

    @cached_property
    def hearing(self) -> Hearing:
        """Acts on what pagers said."""
        return Hearing(self.shared.ledger, self.shared.policy)

    def announce(self) -> float:
        """Act on what pagers said, tell what is untold; the seconds until it is worth trying again."""
        try:
            self.hearing.hear()
            return self.announcer.run()
        except LedgerError as error:
            log.warning("cannot_read_what_to_tell", problem=type(error).__name__)
            return _POLL_SECONDS


class _PerProcess:
    """One `Face` for each process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[int, Face] = {}

    def __call__(self) -> Face:
        with self._lock:
            mine = self._made.get(os.getpid())
            if mine is None:
                mine = self._made[os.getpid()] = Face(BotSettings())
            return mine


face = _PerProcess()
"""This process's face, wired from the environment on first use."""
