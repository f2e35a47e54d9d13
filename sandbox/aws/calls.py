"""What an AWS request asks for, who asks, and the log of all of them.

The log is the stand-in's own: an assertion that compares it with our audit does not ask us.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from sandbox.aws.wire import Message

_SCOPE = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/")
_READS = ("Describe", "Get", "List", "Simulate", "Filter", "Generate", "Decode", "Head")
_SESSION = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>.*<Arn>([^<]+)</Arn>", re.DOTALL)
_CODE = re.compile(rb'<Code>(\w+)</Code>|"__type": ?"(?:[^"#]*#)?(\w+)"')


@dataclass(frozen=True)
class Call:
    """One call: what, on which role, by whom, and how it went."""

    at: datetime
    service: str
    action: str
    role: str | None
    who: str
    access_key: str
    mutating: bool
    reached: bool = False
    """The emulator was asked: whatever the answer, it may have been done."""
    status: int | None = None
    code: str | None = None
    fault: str | None = None

    def json(self, number: int) -> dict[str, Any]:
        """The call as the log shows it."""
        return {"number": number, **asdict(self), "at": self.at.isoformat()}


class Callers:
    """Who an access key belongs to: the seeded users, and every session handed out since."""

    def __init__(self, credentials: Mapping[str, Mapping[str, str]]) -> None:
        self._names = {keys["access_key_id"]: name for name, keys in credentials.items()}

    def name(self, access_key: str) -> str:
        """`account/user`, or the ARN of a session, or the bare key when it is nobody's."""
        return self._names.get(access_key, access_key)

    def learn(self, call: Call, answer: Message) -> None:
        """Remembers whose the session is that an AssumeRole answer holds."""
        session = _SESSION.search(answer.body) if call.action == "AssumeRole" else None
        if session:
            self._names[session[1].decode()] = session[2].decode()


class CallLog:
    """Every call in the order it was answered, or broken."""

    def __init__(self) -> None:
        self._calls: list[Call] = []

    def add(self, call: Call) -> None:
        """Appends a call; nothing is ever taken away."""
        self._calls.append(call)

    def json(self, *, since: int = 0, everything: bool = False) -> list[dict[str, Any]]:
        """The mutating calls, or all of them, numbered from `since` on."""
        return list(self._listed(since, everything=everything))

    def _listed(self, since: int, *, everything: bool) -> Iterator[dict[str, Any]]:
        for number, call in enumerate(self._calls[since:], since):
            if call.mutating or everything:
                yield call.json(number)


def read_call(request: Message, callers: Callers, now: datetime) -> Call:
    """What a request asks for."""
    access_key, service = _scope(request)
    form = parse_qs(request.body.decode("utf-8", "replace")) if _is_form(request) else {}
    action = _action(request, form)
    return Call(
        at=now,
        service=service,
        action=action,
        role=_role(form),
        who=callers.name(access_key),
        access_key=access_key,
        mutating=not action.startswith(_READS),
    )


def answered(call: Call, answer: Message) -> Call:
    """The call with the emulator's answer."""
    code = _CODE.search(answer.body) if answer.status >= 400 else None  # noqa: PLR2004 - HTTP's own border
    name = (code[1] or code[2]).decode() if code else None
    return replace(call, reached=True, status=answer.status, code=name)


def _scope(request: Message) -> tuple[str, str]:
    scope = _SCOPE.search(request.headers.get("authorization", ""))
    return (scope[1], scope[2]) if scope else ("", "")


def _is_form(request: Message) -> bool:
    return "form-urlencoded" in request.headers.get("content-type", "")


def _action(request: Message, form: Mapping[str, list[str]]) -> str:
    if "Action" in form:
        return form["Action"][0]
    target = request.headers.get("x-amz-target", "")
    return target.rpartition(".")[2] or " ".join(request.first_line.split(" ")[:2])


def _role(form: Mapping[str, list[str]]) -> str | None:
    named = (form.get("RoleName") or form.get("RoleArn") or [""])[0]
    return named.rpartition("/")[2] or None
