"""`/access`: what may be used now; never a secret, only where it is and how long it still goes."""

from typing import assert_never

import falcon

from bot.using import InUse, NothingLive, Using, WhichOne
from bot.web import words
from bot.web.bodies import answer, read
from bot.web.callers import Callers
from bot.web.shapes import AwsRole, AzureRole, GoogleBinding, Target, Usable, UseAccess
from policies.entitlements.aws import AwsLease
from policies.entitlements.azure import AzureAssignment
from policies.entitlements.gcp import GcpBinding
from policies.entitlements.identity_center import IdentityCenterAssignment
from policies.grant import Grant
from policies.people import GoogleMember


class AccessResource:
    """`POST` asks to use something: 404 when nothing is live, 409 when several are and none was named."""

    def __init__(self, using: Using, callers: Callers) -> None:
        self._using = using
        self._callers = callers

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The one grant that may be used now; asked of the ledger, and written down, each time."""
        who = self._callers.person(req)
        told = read(req, UseAccess)
        match self._using.use(who, told.cloud, told.which):
            case InUse(grant, left):
                answer(resp, _usable(grant, int(left.total_seconds())))
            case WhichOne(grants):
                raise falcon.HTTPConflict(description=words.which_one(grants))
            case NothingLive(starting):
                why = words.nothing_live(told.cloud, told.which, starting=starting)
                raise falcon.HTTPNotFound(description=why)


def _usable(grant: Grant, seconds_left: int) -> Usable:
    return Usable(
        person=grant.person,
        request=grant.request,
        grant=grant.id,
        role=grant.role,
        place=grant.entitlement.alias,
        ends_at=grant.ends_at,
        seconds_left=seconds_left,
        target=_target(grant),
    )


def _target(grant: Grant) -> Target:
    """Where it is; a leased role's ARN is the grant's holding."""
    match grant.entitlement:
        case AwsLease(account_id=account, region=region):
            return AwsRole(role_arn=grant.holding, account=account, region=region)
        case GcpBinding(resource=resource, roles=roles):
            return GoogleBinding(resource=resource, member=_member(grant), roles=roles)
        case AzureAssignment(tenant=tenant, scope=scope, role=role):
            return AzureRole(tenant=tenant, scope=scope, role=role)
        case IdentityCenterAssignment():
            raise falcon.HTTPNotFound(description=words.through_the_portal(grant))
        case _:
            assert_never(grant.entitlement)


def _member(grant: Grant) -> str:
    return grant.principal.member if isinstance(grant.principal, GoogleMember) else ""
