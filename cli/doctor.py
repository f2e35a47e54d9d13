"""What is wrong with this installation, and what to do about it."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple

import httpx
import typer

from bot.settings import BotSettings
from cli import wiring
from cli.audit import what_is_wrong
from cli.negative import proofs
from cli.output import AsJson, CannotDo, show
from cli.person import TerminalSettings
from workers import valkey
from workers.heartbeat import SILENT_AFTER
from workers.ledger.errors import LedgerError
from workers.settings import DATABASE_SKEW
from workers.wiring import Hands

_SECONDS: Final = 5.0


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str
    ok: bool
    detail: str


def doctor(
    *,
    local: Annotated[
        bool,
        typer.Option("--local", help="Leave web API, Slack, clouds and the long audit log alone."),
    ] = False,
    prove: Annotated[
        bool, typer.Option("--prove", help="Also try, wherever a role reaches, what must be refused.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look at the policy, the ledger, Redis, the web API, Slack and the clouds, and say what is wrong."""
    given = wiring.settings()
    wiring.engine_of(given).dispose()
    hands = Hands(given)
    looks = [_policy, _ledger, _processes, _redis]
    if not local:
        looks += [_audit, _web, _slack, _clouds]
    if prove and not local:
        looks.append(_proofs)
    found = [finding for look in looks for finding in look(hands, given)]
    rows = [{"": "ok" if one.ok else "WRONG", "what": one.what, "detail": one.detail} for one in found]
    if as_json:
        rows = [one._asdict() for one in found]
    show(rows, ("", "what", "detail"), as_json=as_json, empty="")
    raise typer.Exit(0 if all(one.ok for one in found) else 1)


Look = Callable[[Hands, BotSettings], Iterator[Finding]]


def _policy(hands: Hands, given: BotSettings) -> Iterator[Finding]:
    policy = hands.policy()
    if policy is None:
        yield Finding("policy", ok=False, detail=f"{given.org}: {hands.policy.refusal}")
    else:
        yield Finding("policy", ok=True, detail=f"{len(policy.rules)} rules, {policy.hash[:12]}")


def _ledger(hands: Hands, given: BotSettings) -> Iterator[Finding]:
    try:
        wiring.ready_ledger(given)
        skew = hands.ledger.skew()
    except (CannotDo, LedgerError) as error:
        yield Finding("ledger", ok=False, detail=str(error))
        return
    kind = hands.ledger.engine.dialect.name
    yield Finding("ledger", ok=True, detail=f"{kind}, its tables are current")
    detail = f"{skew.total_seconds():.3f} s apart; at most {DATABASE_SKEW.total_seconds():g} s is fine"
    yield Finding("clock", ok=skew <= DATABASE_SKEW, detail=detail)


def _audit(hands: Hands, _given: BotSettings) -> Iterator[Finding]:
    try:
        with hands.ledger.reading() as reader:
            why, (seq, _) = what_is_wrong(reader), reader.head()
    except LedgerError as error:
        yield Finding("audit log", ok=False, detail=str(error))
        return
    yield Finding("audit log", ok=not why, detail=why or f"{seq} entries hold")


def _processes(hands: Hands, _given: BotSettings) -> Iterator[Finding]:
    try:
        with hands.ledger.reading() as reader:
            alive = {one.kind for one in reader.alive(hands.ledger.now() - SILENT_AFTER)}
    except LedgerError:
        return  # the ledger's own finding says why
    queues = [f"{direction}-{cloud}" for cloud in hands.clouds_in_use() for direction in ("grant", "revoke")]
    for kind in ("bot", "announcer", *queues, "clock"):
        yield Finding(
            kind, ok=kind in alive, detail="runs" if kind in alive else "not heard of; is it started?"
        )


def _redis(_hands: Hands, given: BotSettings) -> Iterator[Finding]:
    ok = valkey.answers(given.redis)
    detail = "answers" if ok else "does not answer; until it does, the clock does the work itself"
    yield Finding("redis", ok=ok, detail=detail)


def _web(_hands: Hands, _given: BotSettings) -> Iterator[Finding]:
    """Whether the web API answers where people's terminals call it, if that is said."""
    settings = TerminalSettings()
    if not settings.url:
        return
    try:
        answer = httpx.get(f"{settings.address}/health", timeout=_SECONDS)
    except CannotDo as error:
        yield Finding("web", ok=False, detail=str(error))
    except httpx.HTTPError as error:
        yield Finding("web", ok=False, detail=f"{settings.url} cannot be reached: {type(error).__name__}")
    else:
        healthy = answer.status_code == HTTPStatus.OK
        detail = "answers" if healthy else f"{settings.url} answers {answer.status_code}"
        yield Finding("web", ok=healthy, detail=detail)


def _slack(hands: Hands, given: BotSettings) -> Iterator[Finding]:
    problem = given.missing()
    if problem:
        yield Finding("slack", ok=False, detail=problem)
        return
    from bot.wiring import Face  # noqa: PLC0415 (only where Slack is asked)

    policy = hands.policy()
    channels = {role.channel for role in policy.catalogue.roles} if policy else set()
    if policy and policy.settings.security_channel:
        channels.add(policy.settings.security_channel)
    for name, ok, detail in Face(given).checkup(sorted(channels)):
        yield Finding(f"slack {name}", ok=ok, detail=detail)


def _clouds(hands: Hands, _given: BotSettings) -> Iterator[Finding]:
    for cloud in hands.clouds_in_use():
        for checkup in hands.cloud(cloud).doctor():
            yield Finding(checkup.name, ok=checkup.ok, detail=checkup.detail)


def _proofs(hands: Hands, given: BotSettings) -> Iterator[Finding]:
    """That each place a role reaches refuses what no role lists; it is asked as the workers."""
    policy = hands.policy()
    if policy is None:
        return
    for cloud in policy.clouds.used:
        for checkup in proofs(cloud, policy, given, hands.ledger.now):
            yield Finding(checkup.name, ok=checkup.ok, detail=checkup.detail)
