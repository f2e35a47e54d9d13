"""The whole stand-in in one value, handed to everything that acts."""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Self

from sandbox.slack import limits
from sandbox.slack.clock import Clock
from sandbox.slack.faults import Faults
from sandbox.slack.rates import Rates
from sandbox.slack.shapes import Json
from sandbox.slack.socket import Switchboard
from sandbox.slack.tickets import ReturnPaths, Triggers
from sandbox.slack.workspace import Workspace
from sandbox.slack.world import Manifest, Token, World, meridian

KEPT = 10_000


@dataclass(repr=False)
class Slack:
    """One workspace, one app, and the wires between them."""

    workspace: Workspace
    switchboard: Switchboard
    triggers: Triggers
    paths: ReturnPaths
    rates: Rates
    faults: Faults
    tokens: dict[str, Token]
    manifest: Manifest
    clock: Clock
    base_url: str = ""
    calls: deque[Json] = field(default_factory=lambda: deque(maxlen=KEPT))
    called: int = 0
    revoked: bool = False

    @classmethod
    def of(
        cls,
        world: World | None = None,
        rate_scale: float = 1.0,
        event_retries: tuple[float, ...] = limits.EVENT_RETRIES,
    ) -> Self:
        """A fresh stand-in for this world, or for Meridian."""
        world, clock = world or meridian(), Clock()
        workspace = Workspace(world, clock)
        return cls(
            workspace=workspace,
            switchboard=Switchboard(clock, workspace.changes, event_retries),
            triggers=Triggers(clock),
            paths=ReturnPaths(clock),
            rates=Rates(clock, rate_scale),
            faults=Faults(clock),
            tokens=world.tokens,
            manifest=world.manifest,
            clock=clock,
        )

    def declare(self, **changes: object) -> None:
        """Change what the app's manifest says, as an administrator could."""
        self.manifest = replace(self.manifest, **changes)  # type: ignore[arg-type]

    def record_call(self, call: Json) -> None:
        """Add a Web API call to the log."""
        self.called += 1
        self.calls.append({"seq": self.called, "at": self.clock.wall(), **call})
