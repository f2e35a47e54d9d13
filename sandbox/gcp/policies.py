"""The policies of all resources: read, compared, set."""

import itertools
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.gcp.errors import GoogleError
from sandbox.gcp.policy import Policy


@dataclass(frozen=True)
class _Written:
    at: datetime
    policy: Policy


class Policies:
    """One policy for each resource, and the ones before, for readers who are behind."""

    def __init__(self) -> None:
        self._written: dict[str, list[_Written]] = {}
        self._numbers = itertools.count(1)

    def current(self, resource: str) -> Policy:
        """The policy as it is; a resource nobody set one for has an empty one."""
        written = self._written.get(resource)
        return written[-1].policy if written else Policy(version=1, etag="ACAB")

    def read(self, resource: str, now: datetime, lag: timedelta) -> Policy:
        """The policy as a reader sees it, who may be behind by `lag`."""
        seen = [one.policy for one in self._written.get(resource, ()) if one.at <= now - lag]
        return seen[-1] if seen else self.current(resource)

    def compare(self, resource: str, asked: Policy) -> None:
        """Refuses a policy that was read before the current one; one without an etag overwrites.

        The words: https://github.com/pulumi/pulumi-gcp/issues/1028.
        """
        current = self.current(resource).etag
        if asked.etag and asked.etag != current:
            raise GoogleError(
                "ABORTED",
                "There were concurrent policy changes. Please retry the whole read-modify-write with "
                f"exponential backoff. The request's ETag '{_octal(asked.etag)}' did not match the current "
                f"policy's ETag '{_octal(current)}'.",
            )

    def set(self, resource: str, policy: Policy, now: datetime) -> Policy:
        """Stores a policy under a new etag; answers it."""
        etag = b64encode(b"\x07\x06" + next(self._numbers).to_bytes(6, "big")).decode()
        stored = policy.model_copy(update={"etag": etag, "version": 3 if policy.conditional else 1})
        self._written.setdefault(resource, []).append(_Written(now, stored))
        return stored


def _octal(etag: str) -> str:
    """An etag as Google's error shows it: bytes, escaped."""
    try:
        raw = b64decode(etag, validate=True)
    except ValueError:
        raw = etag.encode()
    return "".join(f"\\{byte:03o}" for byte in raw)
