"""The real boto3 over the pretend AWS: what each error means, and that a lost reply makes no second role."""

import itertools
import os
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from policies.entitlements.aws import AwsLease
from policies.grant import Grant
from policies.holding import Absent, Outcome, Present, RefusedForGood, Unreachable
from sandbox.aws.faults import Kind
from sandbox.aws.standin import AwsStandIn
from tests.aws import INSTANCE, KEY, SHOP, WorkerClient, leased_roles, shop_grant
from tests.builders import LEASE, NOW
from tests.simulated_cloud import SimulatedCloud
from workers.clouds.aws import client
from workers.clouds.aws.client import (
    Assumed,
    AwsClient,
    Done,
    Missing,
    OneRole,
    Roles,
    SessionOver,
    Taken,
    answer,
)
from workers.clouds.aws.leased_role import LeasedRoles
from workers.clouds.cloud import Again, Checkup, ClaimLost, CloudError, Holding, Refused, Seen, Unknown
from workers.clouds.labels import Labels

NUMBERS = itertools.count(7000)
CHANGES = ("CreateRole", "PutRolePolicy", "AttachRolePolicy")
READS = ("GetRole", "GetRolePolicy", "ListAttachedRolePolicies")


class Open:
    """A fence that lets everything through."""

    def check(self) -> None:
        """Let it through."""


class ShutAfter:
    """A fence that lets so many calls through."""

    def __init__(self, calls: int) -> None:
        self._left = calls

    def check(self) -> None:
        """Let it through or not."""
        self._left -= 1
        if self._left < 0:
            raise ClaimLost("claim_lost")


# What each error means

MEANS: list[tuple[type[CloudError], int, str]] = [
    (Missing, 404, "NoSuchEntity"),
    (Taken, 409, "EntityAlreadyExists"),
    (SessionOver, 403, "ExpiredToken"),
    (SessionOver, 400, "ExpiredTokenException"),
    (SessionOver, 403, "InvalidClientTokenId"),
    (Again, 400, "Throttling"),
    (Again, 400, "ThrottlingException"),
    (Again, 503, "RequestLimitExceeded"),
    (Again, 429, "TooManyRequestsException"),
    (Again, 409, "ConcurrentModification"),
    (Again, 409, "ConcurrentModificationException"),
    (Again, 409, "DeleteConflict"),
    (Again, 400, "RequestExpired"),
    (Again, 403, "SignatureDoesNotMatch"),
    (Unknown, 500, "ServiceFailure"),
    (Unknown, 500, "InternalFailure"),
    (Unknown, 503, "ServiceUnavailable"),
    (Unknown, 504, "AccessDenied"),
    (Unknown, 0, "AccessDenied"),
    (Refused, 403, "AccessDenied"),
    (Refused, 409, "LimitExceeded"),
    (Refused, 400, "MalformedPolicyDocument"),
    (Refused, 400, "InvalidInput"),
    (Refused, 400, "ValidationError"),
    (Refused, 400, "UnmodifiableEntity"),
    (Refused, 400, "PolicyNotAttachable"),
    (Refused, 400, "PackedPolicyTooLarge"),
    (Refused, 403, "RegionDisabledException"),
    (Refused, 400, "something nobody has seen yet"),
]
URL = {"endpoint_url": "http://127.0.0.1:1"}
BREAKS: list[tuple[type[CloudError], str, Exception]] = [
    (Again, "ConnectTimeoutError", ConnectTimeoutError(**URL)),
    (Again, "EndpointConnectionError", EndpointConnectionError(**URL)),
    (Again, "NoCredentials", NoCredentialsError()),
    (Again, "NoCredentials", CredentialRetrievalError(provider="sso", error_msg="signed out")),
    (Refused, "ParamValidationError", ParamValidationError(report="no such word")),
    (Unknown, "ReadTimeoutError", ReadTimeoutError(**URL)),
    (Unknown, "ConnectionClosedError", ConnectionClosedError(**URL)),
    (Unknown, "KeyError", KeyError("torn")),
]


def raising(error: Exception) -> Callable[[], Any]:
    def call() -> Any:  # noqa: ANN401 (what boto3 answers)
        raise error

    return call


@pytest.mark.parametrize(("meaning", "status", "code"), MEANS)
def test_an_error_code_means_one_thing(meaning: type[CloudError], status: int, code: str):
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(CloudError) as caught:
        answer(Done, raising(ClientError(response, "CreateRole")))  # type: ignore[arg-type]
    assert (type(caught.value), caught.value.problem) == (meaning, code)


@pytest.mark.parametrize(("meaning", "problem", "error"), BREAKS)
def test_a_call_that_broke_is_known_or_not_known_to_have_arrived(
    meaning: type[CloudError], problem: str, error: Exception
):
    with pytest.raises(CloudError) as caught:
        answer(Done, raising(error))
    assert (type(caught.value), caught.value.problem) == (meaning, problem)


def test_an_error_without_a_code_is_not_known():
    with pytest.raises(Unknown, match="Unknown"):
        answer(Done, raising(ClientError({}, "CreateRole")))


@pytest.mark.parametrize(
    "half",
    [
        {},
        {"Credentials": {"AccessKeyId": "a", "SecretAccessKey": "b"}},
        {
            "Credentials": {
                "AccessKeyId": "a",
                "SecretAccessKey": "",
                "SessionToken": "c",
                "Expiration": "2026-11-24T14:02:11Z",
            }
        },
    ],
)
def test_half_an_answer_is_not_an_answer(half: dict[str, Any]):
    with pytest.raises(Unknown, match="ValidationError"):
        answer(Assumed, lambda: half)


def test_credentials_are_not_shown():
    words = {"AccessKeyId": "key", "SecretAccessKey": "hidden1", "SessionToken": "hidden2"}
    found = {"Credentials": {**words, "Expiration": "2026-11-24T14:02:11Z"}}
    assert "hidden" not in repr(answer(Assumed, lambda: found))


# Over HTTP


@pytest.fixture(scope="module")
def adapter(stand_in: AwsStandIn) -> LeasedRoles:
    """One adapter for many tests, as a worker has one for many jobs."""
    return leased_roles(stand_in)


@pytest.fixture
def grant(aws: AwsStandIn) -> Grant:
    return shop_grant(next(NUMBERS), aws.clock.now())


@pytest.fixture
def grant_in_memory() -> Grant:
    return shop_grant(next(NUMBERS), NOW)


@pytest.fixture
def holding(grant: Grant) -> Holding:
    return Holding.of([grant])


def roles_of(aws: AwsStandIn, grant: Grant) -> list[dict[str, Any]]:
    return [role for role in aws.roles() if role["arn"] == grant.holding]


def assumed(aws: AwsStandIn, since: int) -> int:
    return [call["action"] for call in aws.log(since=since, everything=True)].count("AssumeRole")


def now_at(aws: AwsStandIn) -> int:
    """The number the next call has in the stand-in's log."""
    return len(aws.log(everything=True))


def ensured(adapter: LeasedRoles, grant: Grant, tries: int = 4) -> Outcome:
    """What ensuring comes to, tried as a job tries it: again after Unreachable, and never after more."""
    for _ in range(tries):
        outcome = adapter.ensure(Holding.of([grant]), grant.ends_at, Open())
        if not isinstance(outcome, Unreachable):
            return outcome
    return outcome


LOST = [
    *itertools.product(CHANGES, [Kind.LOST, Kind.TORN, Kind.TRUNCATED]),
    *itertools.product(READS, [Kind.LOST, Kind.TRUNCATED]),
]


@pytest.mark.parametrize(("action", "kind"), LOST)
def test_a_lost_reply_of_any_call_ends_in_one_whole_role(
    aws: AwsStandIn, adapter: LeasedRoles, grant: Grant, action: str, kind: Kind
):
    aws.break_calls(kind, [action], times=1)
    assert ensured(adapter, grant) == Present(grant.ends_at)
    (role,) = roles_of(aws, grant)
    assert role["policies"] == list(grant.entitlement.policies)
    assert role["assumable_until"] is not None


@pytest.mark.parametrize("kind", [Kind.LOST, Kind.TRUNCATED])
def test_a_lost_session_is_assumed_again(aws: AwsStandIn, grant: Grant, kind: Kind):
    aws.break_calls(kind, ["AssumeRole"], times=1)
    assert ensured(leased_roles(aws), grant) == Present(grant.ends_at)


@pytest.mark.parametrize(
    ("action", "kind"), [*itertools.product(CHANGES, [Kind.LATE]), ("CreateRole", Kind.SILENT)]
)
def test_a_change_that_is_never_answered_is_looked_up(
    aws: AwsStandIn, grant: Grant, action: str, kind: Kind, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client, "READ_SECONDS", 0.3)
    aws.break_calls(kind, [action], times=1)
    assert ensured(leased_roles(aws), grant) == Present(grant.ends_at)
    assert len(roles_of(aws, grant)) == 1


NOT_DONE = [
    *itertools.product(CHANGES, [Kind.THROTTLE]),
    ("CreateRole", Kind.UNAVAILABLE),
    ("CreateRole", Kind.RESET),
]


@pytest.mark.parametrize(("action", "kind"), NOT_DONE)
def test_a_change_that_was_not_done_is_done_the_next_time(
    aws: AwsStandIn, adapter: LeasedRoles, grant: Grant, action: str, kind: Kind
):
    aws.break_calls(kind, [action], times=1)
    first = adapter.ensure(Holding.of([grant]), grant.ends_at, Open())
    assert isinstance(first, Unreachable)
    assert ensured(adapter, grant) == Present(grant.ends_at)


def test_throttled_for_ever_is_unreachable_and_not_refused(
    aws: AwsStandIn, adapter: LeasedRoles, grant: Grant, holding: Holding
):
    ensured(adapter, grant)
    aws.break_calls(Kind.THROTTLE)
    assert adapter.look(holding) == Unreachable("Throttling")
    assert adapter.remove(holding, Open(), early=True) == Unreachable("Throttling")
    assert adapter.ensure(holding, grant.ends_at, Open()) == Unreachable("Throttling")


REMOVALS = ("PutRolePolicy", "DetachRolePolicy", "DeleteRolePolicy", "DeleteRole")


@pytest.mark.parametrize(
    ("action", "kind"),
    [*itertools.product(REMOVALS, [Kind.LOST, Kind.TRUNCATED]), ("ListRolePolicies", Kind.TRUNCATED)],
)
def test_a_lost_reply_of_a_removal_ends_in_no_role(
    aws: AwsStandIn, adapter: LeasedRoles, grant: Grant, action: str, kind: Kind
):
    ensured(adapter, grant)
    aws.break_calls(kind, [action], times=1)
    outcomes = [adapter.remove(Holding.of([grant]), Open(), early=True) for _ in range(3)]
    assert outcomes[-1] == Absent()
    assert roles_of(aws, grant) == []


def test_a_role_deleted_behind_our_back_is_gone(
    aws: AwsStandIn, adapter: LeasedRoles, grant: Grant, holding: Holding
):
    ensured(adapter, grant)
    another = leased_roles(aws)
    another.remove(holding, Open(), early=False)
    assert adapter.remove(holding, Open(), early=False) == Absent()


def test_a_refusal_on_the_way_in_is_for_good(aws: AwsStandIn, adapter: LeasedRoles, grant: Grant):
    aws.break_calls(Kind.ERROR, ["CreateRole"], status=409, code="LimitExceeded")
    assert ensured(adapter, grant) == RefusedForGood("LimitExceeded")


def test_a_refusal_on_the_way_out_is_tried_again(
    aws: AwsStandIn, adapter: LeasedRoles, grant: Grant, holding: Holding
):
    ensured(adapter, grant)
    aws.break_calls(Kind.ERROR, ["DeleteRole"], status=403, code="AccessDenied", times=1)
    assert adapter.remove(holding, Open(), early=False) == Unreachable("AccessDenied")
    assert adapter.remove(holding, Open(), early=False) == Absent()


@pytest.mark.parametrize("calls", range(4))
def test_nothing_but_a_lost_claim_is_ever_raised_and_it_stops_before_the_next_change(
    aws: AwsStandIn, adapter: LeasedRoles, grant: Grant, holding: Holding, calls: int
):
    since = now_at(aws)
    if calls == len(CHANGES):
        assert adapter.ensure(holding, grant.ends_at, ShutAfter(calls)) == Present(grant.ends_at)
    else:
        with pytest.raises(ClaimLost):
            adapter.ensure(holding, grant.ends_at, ShutAfter(calls))
    changed = [call["action"] for call in aws.log(since=since) if call["action"] in CHANGES]
    assert changed == list(CHANGES[:calls])


# The spoke's session


def test_a_session_is_kept_and_assumed_anew_shortly_before_its_end(aws: AwsStandIn):
    since, mine = now_at(aws), WorkerClient(aws)
    first = mine.spoke(SHOP)
    assert mine.spoke(SHOP) is first
    assert assumed(aws, since) == 1
    aws.clock.move(timedelta(minutes=56))
    assert mine.spoke(SHOP) is not first
    assert assumed(aws, since) == 2


@pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId"])
def test_a_session_that_is_over_is_assumed_anew_once(aws: AwsStandIn, code: str):
    mine = WorkerClient(aws)
    mine.spoke(SHOP)
    since = now_at(aws)
    aws.break_calls(Kind.ERROR, ["ListRoles"], status=403, code=code, times=1)
    assert mine.read(SHOP, Roles, "list_roles", PathPrefix="/nothing/").roles == []
    assert assumed(aws, since) == 1


def test_a_session_that_is_over_again_at_once_is_left_for_later(aws: AwsStandIn):
    mine = WorkerClient(aws)
    since = now_at(aws)
    aws.break_calls(Kind.ERROR, ["ListRoles"], status=403, code="ExpiredToken")
    with pytest.raises(Again, match="ExpiredToken"):
        mine.read(SHOP, Roles, "list_roles")
    assert assumed(aws, since) == 2


def test_a_change_refused_by_a_session_that_is_over_is_sent_again(
    aws: AwsStandIn, adapter: LeasedRoles, grant: Grant
):
    aws.break_calls(Kind.ERROR, ["CreateRole"], status=403, code="ExpiredToken", times=1)
    assert adapter.ensure(Holding.of([grant]), grant.ends_at, Open()) == Present(grant.ends_at)


def test_a_hub_without_a_session_of_its_own_tries_again_later(aws: AwsStandIn):
    aws.break_calls(Kind.ERROR, ["AssumeRole"], status=403, code="ExpiredToken")
    with pytest.raises(Again, match="ExpiredToken"):
        WorkerClient(aws).spoke(SHOP)


def test_what_is_not_there_and_what_is_there_already_have_names_of_their_own(
    aws: AwsStandIn, adapter: LeasedRoles, grant: Grant
):
    mine = WorkerClient(aws)
    with pytest.raises(Missing):
        mine.read(SHOP, OneRole, "get_role", RoleName="nobody-made-it")
    ensured(adapter, grant)
    with pytest.raises(Taken):
        adapter._create(Holding.of([grant]), grant.ends_at)


def test_a_call_that_boto3_does_not_know_how_to_make_is_refused(aws: AwsStandIn):
    with pytest.raises(Refused, match="ParamValidationError"):
        WorkerClient(aws).change(SHOP, "create_role", Nonsense="yes")


def test_a_client_does_not_survive_a_fork(aws: AwsStandIn):
    mine = WorkerClient(aws)
    mine.spoke(SHOP)
    assert (
        said_by_a_fork(lambda: mine.spoke(SHOP))
        == "an AWS client does not survive a fork; make one per process"
    )
    assert said_by_a_fork(lambda: mine.change(SHOP, "delete_role", RoleName="x")).startswith("an AWS client")


def said_by_a_fork(call: Callable[[], object]) -> str:
    """What a forked copy of this process is told when it tries a call."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            call()
        except RuntimeError as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        return answer.read()


# Without AWS


def elsewhere(port: int) -> AwsClient:
    return AwsClient(
        instance=INSTANCE, now=lambda: pytest.fail("no session"), endpoint=f"http://127.0.0.1:{port}"
    )


@pytest.fixture
def signed_out(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any AWS credentials."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return monkeypatch


@pytest.mark.usefixtures("signed_out")
def test_without_credentials_nothing_is_refused_for_good():
    with pytest.raises(Again, match="NoCredentials"):
        elsewhere(1).spoke(LEASE)


def test_an_aws_that_is_not_there_is_asked_again_later(signed_out: pytest.MonkeyPatch):
    signed_out.setenv("AWS_ACCESS_KEY_ID", "key")
    signed_out.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Again, match="EndpointConnectionError"):
        elsewhere(port).spoke(LEASE)


# What the port makes of it, whatever cloud is behind it


def lost(_verb: str, _holding: Holding) -> None:
    raise Unknown("ReadTimeoutError")


def away(_holding: Holding) -> None:
    raise Again("Throttling", timedelta(seconds=7))


def test_a_lost_reply_is_looked_up_and_what_is_seen_counts(grant_in_memory: Grant):
    cloud, holding = SimulatedCloud(), Holding.of([grant_in_memory])
    cloud.after = lost
    assert cloud.ensure(holding, grant_in_memory.ends_at, Open()) == Present(grant_in_memory.ends_at)
    assert cloud.remove(holding, Open(), early=True) == Absent()


def test_a_lost_call_that_was_not_done_is_done_a_second_later(grant_in_memory: Grant):
    cloud, holding = SimulatedCloud(), Holding.of([grant_in_memory])
    cloud.before = lost
    soon = Unreachable("ReadTimeoutError", timedelta(seconds=1))
    assert cloud.ensure(holding, grant_in_memory.ends_at, Open()) == soon


def test_a_lost_reply_that_cannot_be_looked_up_is_unreachable(grant_in_memory: Grant):
    cloud, holding = SimulatedCloud(), Holding.of([grant_in_memory])
    cloud.after, cloud.reading = lost, away
    waits = Unreachable("Throttling", timedelta(seconds=7))
    assert cloud.ensure(holding, grant_in_memory.ends_at, Open()) == waits
    assert cloud.remove(holding, Open(), early=True) == waits
    assert cloud.look(holding) == waits


class Odd(SimulatedCloud):
    """A cloud that shows something else than what it was told."""

    def __init__(self, seen: Seen | None) -> None:
        super().__init__()
        self.seen = seen

    def _look(self, _holding: Holding) -> Seen | None:
        return self.seen

    def _doctor(self) -> list[Checkup]:
        raise Again("Throttling")


@pytest.mark.parametrize(
    ("seen", "problem"),
    [
        (None, "not_visible_yet"),
        (Seen(NOW, complete=False), "not_complete_yet"),
        (Seen(NOW, complete=True), "ends_too_soon"),
    ],
)
def test_what_is_not_seen_whole_and_long_enough_is_not_present(
    grant_in_memory: Grant, seen: Seen | None, problem: str
):
    outcome = Odd(seen).ensure(Holding.of([grant_in_memory]), grant_in_memory.ends_at, Open())
    assert outcome == Unreachable(problem, timedelta(seconds=1))


def test_what_does_not_end_by_itself_is_present_all_the_same(grant_in_memory: Grant):
    until = grant_in_memory.ends_at
    forever = Odd(Seen(None, complete=True))
    assert forever.ensure(Holding.of([grant_in_memory]), until, Open()) == Present(until)


def test_what_was_removed_and_is_still_seen_is_not_absent(grant_in_memory: Grant):
    outcome = Odd(Seen(NOW, complete=True)).remove(Holding.of([grant_in_memory]), Open(), early=True)
    assert outcome == Unreachable("still_there", timedelta(seconds=1))


def test_the_doctor_of_a_cloud_that_cannot_be_reached_says_so():
    assert Odd(None).doctor() == (Checkup("aws", ok=False, detail="not reachable: Throttling"),)


# From the cloud's side


class Scripted(AwsClient):
    """A client whose reads are written down beforehand."""

    def __init__(
        self, *pages: dict[str, Any], problem: CloudError | None = None, open_to_all: bool = False
    ) -> None:
        super().__init__(instance=INSTANCE, now=lambda: pytest.fail("nobody looks at the time"))
        self.pages = list(pages)
        self.asked: list[dict[str, object]] = []
        self.problem = problem
        self.open_to_all = open_to_all

    def read(self, _lease: AwsLease, model: type[Any], call: str, **words: object) -> Any:  # noqa: ANN401
        """The next page, or the problem."""
        self.asked.append({"call": call, **words})
        if self.problem:
            raise self.problem
        return model.model_validate(self.pages.pop(0))

    def assume(self, _lease: AwsLease, *, external_id: str | None) -> Any:  # noqa: ANN401, ARG002
        """What the account says to somebody without its external id."""
        if not self.open_to_all:
            raise self.problem or Refused("AccessDenied")


def page(*names: str, marker: str | None = None) -> dict[str, Any]:
    roles = [{"RoleName": name, "Arn": f"arn:{name}", "AssumeRolePolicyDocument": {}} for name in names]
    return {"Roles": roles, "IsTruncated": marker is not None, "Marker": marker}


def adapter_over(scripted: Scripted) -> LeasedRoles:
    return LeasedRoles(scripted, Labels(INSTANCE, (KEY,)), lambda: (SHOP,))


TAGS = [{"Key": "prod-access:role", "Value": "v"}, {"Key": "k", "Value": "theirs"}]


def test_all_pages_of_roles_are_looked_through():
    scripted = Scripted(
        page("a", marker="2"),
        {"Tags": []},
        page("b"),
        {"Tags": [{"Key": "prod-access:role", "Value": "v"}, {"Key": "k", "Value": "theirs"}]},
    )
    found = adapter_over(scripted).find_ours()
    assert [(one.key, one.labels, one.genuine) for one in found] == [
        ("arn:a", {}, False),
        ("arn:b", {"role": "v"}, False),
    ]
    assert [words.get("Marker") for words in scripted.asked if words["call"] == "list_roles"] == [None, "2"]


def test_warming_signs_in_and_says_nothing_when_it_cannot(aws: AwsStandIn):
    since = now_at(aws)
    leased_roles(aws).warm()
    assert assumed(aws, since) == 1
    aws.break_calls(Kind.ERROR, ["AssumeRole"], status=403, code="AccessDenied")
    leased_roles(aws).warm()


@pytest.mark.parametrize(
    ("scripted", "ok", "words"),
    [
        (Scripted(page("a", "b")), [True, True], ["2 leased roles", "refused, as it should be"]),
        (
            Scripted(page(), open_to_all=True),
            [True, False],
            ["0 leased roles", "does not require sts:ExternalId; add it"],
        ),
        (
            Scripted(problem=Again("Throttling")),
            [False, False],
            ["Throttling; check arn:aws:iam", "could not be tried: Throttling"],
        ),
    ],
)
def test_doctor_says_what_is_wrong_and_what_to_do(scripted: Scripted, ok: list[bool], words: list[str]):
    checkups = adapter_over(scripted).doctor()
    assert [checkup.ok for checkup in checkups] == ok
    assert all(said in checkup.detail for said, checkup in zip(words, checkups, strict=True))
