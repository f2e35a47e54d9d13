"""A process that holds the movable clock, and keeps its Azure tokens by that clock's time."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import SimpleNamespace

from sandbox.clock import MovableClock

_KEEP_TOKENS = (
    "msal.application",
    "msal.token_cache",
    "azure.core.pipeline.policies._authentication",
    "azure.identity._internal.get_token_mixin",
)


@contextmanager
def tokens_follow(clock: MovableClock) -> Iterator[None]:
    """Inside, this process's own azure-identity and azure-core know that a token has expired.

    For tests that hold the clock and call Azure themselves: without it a token that ran out when the clock
    moved is still used, and answered 401 ExpiredAuthenticationToken. A process started with
    `MovableClock.env()` needs nothing.
    """
    modules = [vars(import_module(name)) for name in _KEEP_TOKENS]
    machine = [module["time"] for module in modules]
    moved = SimpleNamespace(time=lambda: clock.now().timestamp())
    try:
        for module in modules:
            module["time"] = moved
        yield
    finally:
        for module, time in zip(modules, machine, strict=True):
            module["time"] = time
