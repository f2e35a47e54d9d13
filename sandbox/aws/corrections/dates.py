"""The clock of policy conditions, which can be stopped: an AWS that never notices an end.

A fault, not a correction, and the one fault that must sit inside: signatures cover the policies on the
wire, so nothing outside can change them. While stopped, `aws:CurrentTime` and `aws:EpochTime` stand at the
moment they were stopped, so no date condition ever comes due and only removing access ends it. Everything
else, token issue and expiry times included, goes on.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.aws.corrections.inside import inside


def correct(stopped: Path) -> None:
    """From now on the file `stopped`, if there is one, holds the time every date condition reads."""
    evaluator = inside("core.iam_evaluator")
    evaluator["_resolve_condition_key"] = _stoppable(evaluator["_resolve_condition_key"], stopped)


def _stoppable(resolve: Callable[[str, Any], Any], stopped: Path) -> Callable[[str, Any], Any]:
    def resolve_key(key: str, context: Any) -> Any:  # noqa: ANN401 - the emulator's own shapes
        name = key.lower()
        if name not in {"aws:currenttime", "aws:epochtime"} or not stopped.exists():
            return resolve(key, context)
        moment = datetime.fromisoformat(stopped.read_text(encoding="ascii")).astimezone(UTC)
        return moment.isoformat() if name == "aws:currenttime" else str(int(moment.timestamp()))

    return resolve_key
