"""Identity Center is tried for what it must refuse: what is said of it, and that nothing stays behind."""

from datetime import timedelta

import pytest

from cli.negative.identity_center import NO_ACCOUNT, proofs, prove_refused
from policies.entitlements import Clouds
from policies.rules import Policy
from sandbox.aws.faults import Kind
from sandbox.identity_center import names
from sandbox.identity_center.settings import Absent
from sandbox.identity_center.standin import IdentityCenterStandIn
from tests.identity_center import PLACE, READ, TARGET, WRITE, WorkerClient
from tests.policies.builders import policy, role
from workers.clouds.cloud import Checkup
from workers.clouds.identity_center.client import IdentityCenterClient, _Administration, _key
from workers.settings import Settings

NAME = "identity-center shop-prod: refuses permission sets and accounts outside the catalogue"
SET, ACCOUNT = "a permission set outside the catalogue", "an account outside the catalogue"
SET_IT_UP = "set it up as prod-access bootstrap identity-center says"
EVERYTHING = f"not refused: {SET}, {ACCOUNT}; {SET_IT_UP}"
QUICK = (0.0, 0.01, 0.02)
ENGINEERS = 2
"""The assignments there are at the start: the engineers' own, in two accounts."""


class Unlimited(WorkerClient):
    """The client of workers whose access role may do anything in Identity Center."""

    def __init__(self, stand_in: IdentityCenterStandIn) -> None:
        super().__init__(stand_in)
        keys = {
            "aws_access_key_id": stand_in.operator.access_key_id,
            "aws_secret_access_key": stand_in.operator.secret_access_key,
        }
        calls = self._hub._client("sso-admin", names.REGION, tries=1, **keys)
        until = stand_in.clock.now() + timedelta(days=1)
        self._hub._behind[_key(TARGET)] = _Administration(calls, calls, until)


def proved(client: IdentityCenterClient, elsewhere: str = NO_ACCOUNT) -> Checkup:
    """What is said of shop-prod."""
    return prove_refused(client, TARGET, elsewhere=elsewhere, pauses=QUICK)


def statuses(stand_in: IdentityCenterStandIn, since: int) -> list[tuple[str, str | None]]:
    """The changing calls since a number of the stand-in's log, and how each was answered."""
    return [(call["action"], call["code"]) for call in stand_in.log(since=since)]


def now_at(stand_in: IdentityCenterStandIn) -> int:
    return len(stand_in.log(everything=True))


def test_identity_center_refuses_both(identity_center: IdentityCenterStandIn):
    since = now_at(identity_center)
    checkup = proved(WorkerClient(identity_center))
    assert checkup == Checkup(NAME, ok=True, detail="refused, as it should be")
    refused = ("CreateAccountAssignment", "AccessDeniedException")
    assert statuses(identity_center, since) == [refused, refused]
    assert len(identity_center.assignments()) == ENGINEERS


def test_everything_that_is_let_through_is_named(identity_center: IdentityCenterStandIn):
    since = now_at(identity_center)
    assert proved(Unlimited(identity_center)) == Checkup(NAME, ok=False, detail=EVERYTHING)
    missing = ("CreateAccountAssignment", "ResourceNotFoundException")
    assert statuses(identity_center, since) == [missing, missing]
    assert len(identity_center.assignments()) == ENGINEERS


def test_a_call_that_gets_as_far_as_being_invalid_was_let_through(identity_center: IdentityCenterStandIn):
    identity_center.break_calls(
        Kind.ERROR, ["CreateAccountAssignment"], status=400, code="ValidationException"
    )
    assert proved(WorkerClient(identity_center)).detail == EVERYTHING


# Identity Center sets to work on it -------------------------------------------------------------------------


def test_what_is_begun_for_nobody_fails_and_leaves_nothing(identity_center: IdentityCenterStandIn):
    """An account there is, as if the made-up one were: AWS finds out later that nobody is nobody."""
    since = now_at(identity_center)
    assert proved(Unlimited(identity_center), names.TOOLING) == Checkup(NAME, ok=False, detail=EVERYTHING)
    assert statuses(identity_center, since)[1:] == [("CreateAccountAssignment", None)]
    assert len(identity_center.assignments()) == ENGINEERS


def test_what_is_begun_and_does_not_end_in_time_is_named(identity_center: IdentityCenterStandIn):
    identity_center.settle(operation_seconds=600)
    detail = proved(Unlimited(identity_center), names.TOOLING).detail
    (begun,) = [one for one in identity_center.assignments() if one["under_way"]]
    arn = TARGET.permission_set_arn
    left = f"{arn} in {names.TOOLING} for {begun['principal']}"
    assert detail == f"{EVERYTHING}; remove by hand: {left}"
    assert begun["name"] == ""


@pytest.mark.parametrize("absent", list(Absent))
def test_what_may_have_come_of_it_is_taken_back(identity_center: IdentityCenterStandIn, absent: Absent):
    """How the creation went cannot be asked; taking back what is not there may be answered in two ways."""
    identity_center.settle(absent=absent.value)
    unknown = {"status": 400, "code": "AccessDeniedException"}
    identity_center.break_calls(Kind.ERROR, ["DescribeAccountAssignmentCreationStatus"], **unknown)
    since = now_at(identity_center)
    assert proved(Unlimited(identity_center), names.TOOLING).detail == EVERYTHING
    assert statuses(identity_center, since)[-1][0] == "DeleteAccountAssignment"
    assert len(identity_center.assignments()) == ENGINEERS


def test_what_was_begun_without_an_answer_is_found_while_it_is_under_way(
    identity_center: IdentityCenterStandIn,
):
    identity_center.settle(operation_seconds=600)
    identity_center.break_calls(Kind.LOST, ["CreateAccountAssignment"], after=1)
    checkup = proved(Unlimited(identity_center), names.TOOLING)
    assert checkup.detail.startswith(f"{EVERYTHING}; remove by hand: ")


def test_what_was_begun_without_an_answer_and_failed_leaves_nothing(identity_center: IdentityCenterStandIn):
    identity_center.break_calls(Kind.LOST, ["CreateAccountAssignment"], after=1)
    assert proved(Unlimited(identity_center), names.TOOLING).detail == (
        f"not refused: {SET}; {SET_IT_UP}; could not be tried: ConnectionClosedError"
    )
    assert len(identity_center.assignments()) == ENGINEERS


# What proves nothing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["throttle", "unavailable", "lost", "torn", "truncated"])
def test_a_try_without_an_answer_says_so_and_leaves_nothing(
    identity_center: IdentityCenterStandIn, kind: str
):
    identity_center.break_calls(Kind(kind), ["CreateAccountAssignment"])
    checkup = proved(WorkerClient(identity_center))
    assert not checkup.ok
    assert checkup.detail.startswith("could not be tried: ")
    assert "remove" not in checkup.detail
    assert len(identity_center.assignments()) == ENGINEERS


def test_another_refusal_than_for_want_of_permission_proves_nothing(identity_center: IdentityCenterStandIn):
    identity_center.break_calls(Kind.ERROR, ["CreateAccountAssignment"], status=400, code="Unheard")
    assert proved(WorkerClient(identity_center)).detail == "could not be tried: Unheard"


def test_an_access_role_that_does_not_let_the_workers_in_proves_nothing(
    identity_center: IdentityCenterStandIn,
):
    strange = TARGET.model_copy(update={"external_id": "another"})
    checkup = prove_refused(WorkerClient(identity_center), strange, pauses=QUICK)
    assert checkup == Checkup(NAME, ok=False, detail="could not be tried: AccessDenied")


# Which accounts ---------------------------------------------------------------------------------------------


def organisation() -> Policy:
    """Roles in two of three accounts, one of them by two permission sets."""
    places = tuple(
        PLACE.model_copy(update={"alias": alias, "id": account})
        for alias, account in (
            ("shop-prod", names.SHOP_PROD),
            ("pay-prod", names.PAY_PROD),
            ("unreached", names.TOOLING),
        )
    )
    wanted = (("shop-prod", READ), ("pay-prod", READ), ("shop-prod", WRITE))
    roles = [
        role(
            f"role-of-{n}",
            entitlements=[{"cloud": "identity-center", "account": where, "permission_set": one}],
        )
        for n, (where, one) in enumerate(wanted)
    ]
    return policy(roles=roles).model_copy(update={"clouds": Clouds(identity_center=places)})


def test_every_account_that_a_role_reaches_is_tried_once(
    identity_center: IdentityCenterStandIn, monkeypatch: pytest.MonkeyPatch
):
    for name, value in identity_center.env().items():
        monkeypatch.setenv(name, value)
    found = list(proofs(organisation(), Settings(), identity_center.clock.now))
    assert [one.name.partition(":")[0] for one in found] == [
        "identity-center shop-prod",
        "identity-center pay-prod",
    ]
    assert all(one.ok for one in found), found
