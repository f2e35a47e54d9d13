"""Views: the stack of modals in front of a person, and the Home tab behind them."""

import secrets
from dataclasses import dataclass, field

from sandbox.slack import limits
from sandbox.slack.clock import Clock
from sandbox.slack.inputs import State, settled, state_of
from sandbox.slack.shapes import Json, Refusal
from sandbox.slack.world import APP_ID, BOT_ID, TEAM_ID


@dataclass(eq=False)
class View:
    """A modal or a Home tab as one person sees it."""

    id: str
    user: str
    body: Json
    blocks: list[Json]
    state: State
    hash: str
    root_id: str
    previous_id: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    notice: str = ""
    offered: dict[str, list[Json]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """`modal` or `home`."""
        return str(self.body["type"])

    @property
    def external_id(self) -> str:
        """The app's own name for the view."""
        return str(self.body.get("external_id") or "")

    def as_api(self) -> Json:
        """The view object (docs: views.open, answer; view submission payload)."""
        modal = self.kind == "modal"
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "type": self.kind,
            "blocks": self.blocks,
            "private_metadata": self.body.get("private_metadata") or "",
            "callback_id": self.body.get("callback_id") or "",
            "external_id": self.external_id,
            "state": {"values": self.state},
            "hash": self.hash,
            "title": self.body.get("title") or {"type": "plain_text", "text": "View Title", "emoji": True},
            "clear_on_close": bool(modal and self.body.get("clear_on_close")),
            "notify_on_close": bool(modal and self.body.get("notify_on_close")),
            "close": self.body.get("close"),
            "submit": self.body.get("submit"),
            "previous_view_id": self.previous_id,
            "root_view_id": self.root_id,
            "app_id": APP_ID,
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }


class Views:
    """Every view that is open."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}

    def stack(self, user: str) -> list[View]:
        """The modals in front of a person, the top one last."""
        return self._stacks.setdefault(user, [])

    def top(self, user: str) -> View | None:
        """The modal a person can use."""
        return self.stack(user)[-1] if self.stack(user) else None

    def home(self, user: str) -> View | None:
        """What was published for this person's Home tab."""
        return self._homes.get(user)

    def find(self, view_id: object = None, external_id: object = None) -> View | None:
        """An open view by Slack's name or the app's."""
        for view in self._all():
            if view.id == view_id or (external_id and view.external_id == external_id):
                return view
        return None

    def _all(self) -> list[View]:
        return [*self._homes.values(), *(view for stack in self._stacks.values() for view in stack)]

    def open(self, user: str, body: Json) -> View:
        """Show a modal; whatever the app showed this person before is replaced."""
        self._distinct(body, None)
        self.stack(user).clear()
        return self._put_on_top(user, body)

    def push(self, user: str, body: Json) -> View:
        """Show a modal above the present one (docs: views.push)."""
        if not self.stack(user):
            raise Refusal("not_found")
        if len(self.stack(user)) >= limits.VIEW_STACK_MAX:
            raise Refusal("push_limit_reached")
        self._distinct(body, None)
        return self._put_on_top(user, body)

    def _put_on_top(self, user: str, body: Json) -> View:
        below = self.top(user)
        view = self._new(user, body)
        if below is not None:
            view.root_id, view.previous_id = below.root_id, below.id
        self.stack(user).append(view)
        return view

    def publish(self, user: str, body: Json, hash_: str | None) -> View:
        """Put a Home tab in place (docs: views.publish)."""
        old = self._homes.get(user)
        if old is None:
            self._distinct(body, None)
            self._homes[user] = self._new(user, body)
        else:
            self.update(old, body, hash_)
        return self._homes[user]

    def update(self, view: View, body: Json, hash_: str | None) -> None:
        """Redraw a view, keeping what was typed under the same ids (docs: views.update)."""
        if hash_ is not None and hash_ != view.hash:
            raise Refusal("hash_conflict")
        self._distinct(body, view)
        view.body, view.blocks = body, settled(body["blocks"])
        view.state, view.hash = state_of(view.blocks, view.state), self._hash()
        view.errors, view.notice = {}, ""

    def pop(self, view: View) -> None:
        """Close the top view."""
        stack = self.stack(view.user)
        if view in stack:
            stack.remove(view)

    def _distinct(self, body: Json, mine: View | None) -> None:
        external_id = body.get("external_id")
        other = self.find(external_id=external_id) if external_id else None
        if other is not None and other is not mine:
            raise Refusal("duplicate_external_id")

    def _new(self, user: str, body: Json) -> View:
        blocks = settled(body["blocks"])
        name = f"V0{secrets.token_hex(4).upper()}"
        return View(name, user, body, blocks, state_of(blocks), self._hash(), name)

    def _hash(self) -> str:
        return f"{int(self._clock.wall())}.{secrets.token_hex(4)}"
