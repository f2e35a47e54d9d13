"""The same requests over three clouds and four, and with more time: UX's own cast, times and turns."""

from datetime import datetime, timedelta

from bot.views import CloudNo, CloudView, MoreView, MovedEnd, RequestView, Room
from policies.entitlements import Target
from policies.entitlements.azure import AzureScope, assignment_at
from policies.entitlements.gcp import GcpResource, binding_on
from policies.entitlements.identity_center import IdentityCenterAssignment
from policies.grant import EndCause, Grant, GrantState
from policies.request import RequestState
from policies.values import CloudName, GrantId
from tests.bot import views_builder as views
from tests.bot.views_builder import ANA, BEN, DATABASE, DEV, approved, clock, given, held

HALF = timedelta(minutes=30)
SUBSCRIPTION = "10000000-0000-4000-8000-000000000001"
BINDING = binding_on(GcpResource(alias="shop-prod", name="projects/shop-prod"), ("roles/cloudsql.viewer",))
ASSIGNMENT = assignment_at(
    AzureScope(
        alias="prod",
        tenant="aaaabbbb-0000-cccc-1111-dddd2222eeee",
        id=f"/subscriptions/{SUBSCRIPTION}/resourceGroups/prod",
    ),
    "Reader",
)
PERMISSION_SET = IdentityCenterAssignment(
    cloud="identity-center",
    alias="shop-prod",
    account_id="111122223333",
    region="eu-central-1",
    instance="arn:aws:sso:::instance/ssoins-1234567890abcdef",
    access_role="arn:aws:iam::999988887777:role/prod-access-assignments",
    external_id="meridian-prod-access",
    permission_set="ProdReadOnly",
    permission_set_arn="arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef",
)
_COMMANDS = {
    "gcp": "sql instances list",
    "azure": "postgres flexible-server list --resource-group prod",
    "identity-center": "rds describe-db-instances",
}
_SECONDS = {"aws": "14:03:22", "gcp": "14:03:24", "azure": "14:06:01", "identity-center": "14:03:40"}
_GONE_AT = {"aws": "15:03:23", "gcp": "15:03:22", "azure": "15:03:44", "identity-center": "15:03:50"}
_NUMBERS = {"aws": 1, "gcp": 2, "azure": 3, "identity-center": 4}


def there(target: Target, **changes: object) -> CloudView:
    """A cloud other than AWS, with Ana's grant in it."""
    grant: dict[str, object] = {
        "id": GrantId(f"pa-7k3m-{_NUMBERS[target.cloud]}"),
        "cloud": CloudName(target.cloud),
        "entitlement": target,
    }
    made = held(**{**grant, **changes})
    return CloudView(made.cloud, target.alias, made, target, _COMMANDS[target.cloud])


def in_three(**changes: object) -> tuple[CloudView, CloudView, CloudView]:
    """AWS, Google Cloud and Azure, all alike but for their own times."""
    return (
        views.cloud(held(1, **{**changes, **_times("aws", changes)})),
        there(BINDING, **{**changes, **_times("gcp", changes)}),
        there(ASSIGNMENT, **{**changes, **_times("azure", changes)}),
    )


def _times(cloud: str, changes: dict[str, object]) -> dict[str, object]:
    """When this cloud was seen live and gone, where the change says that it was."""
    own = {"live_at": _SECONDS[cloud], "gone_at": _GONE_AT[cloud]}
    return {name: clock(at) for name, at in own.items() if changes.get(name)}


def of(clouds: tuple[CloudView, ...], number: int, **changes: object) -> tuple[CloudView, ...]:
    """The clouds with one of them changed."""
    one = clouds[number]
    assert one.grant is not None
    changed = one._replace(grant=one.grant.model_copy(update=changes))
    return (*clouds[:number], changed, *clouds[number + 1 :])


def starting(**changes: object) -> RequestView:
    """No cloud has shown it yet."""
    return given(approved(), in_three(state=GrantState.GRANTING), **changes)


def two_of_three(**changes: object) -> RequestView:
    """Azure takes its time."""
    clouds = of(in_three(**views.LIVE), 2, state=GrantState.GRANTING, live_at=None)
    return given(approved(), clouds, **changes)


def live(**changes: object) -> RequestView:
    """Live in all three; half an hour more could be asked for."""
    room = Room(HALF, timedelta(hours=2), needs_a_yes=True)
    return given(approved(RequestState.ACTIVE), in_three(**views.LIVE), **{"room": room, **changes})


def ending(**changes: object) -> RequestView:
    """Its time is over, and Azure has not confirmed it."""
    clouds = of(in_three(**views.GONE), 2, state=GrantState.ENDING, gone_at=None)
    return given(approved(RequestState.ACTIVE), clouds, **changes)


def stuck(**changes: object) -> RequestView:
    """Azure does not answer."""
    late = {"stuck_at": clock("15:08:20"), "tries": 14, "due_at": clock("15:22"), "gone_at": None}
    clouds = of(in_three(**views.GONE), 2, state=GrantState.ENDING, **late)
    return given(approved(RequestState.ACTIVE), clouds, **changes)


def ended(**changes: object) -> RequestView:
    """Over in time, by a read of each."""
    asked = approved(RequestState.ENDED, ended_at=clock("15:03:44"))
    return given(asked, in_three(**views.GONE), **changes)


_EARLY = {"ending_at": clock("14:40:05"), "cause": EndCause.BY_OTHER, "ended_by": DEV.id}
_EARLY_GONE = ("14:40:08", "14:40:07", "14:40:30", "14:40:50")


def ended_early(**changes: object) -> RequestView:
    """Dev has ended it at 14:40."""
    clouds: tuple[CloudView, ...] = in_three(**{**views.GONE, **_EARLY})
    for number, at in enumerate(_EARLY_GONE[:3]):
        clouds = of(clouds, number, gone_at=clock(at))
    return given(approved(RequestState.ENDED, ended_at=clock("14:40:30")), clouds, **changes)


def in_four(**changes: object) -> tuple[CloudView, ...]:
    """The three, and Identity Center."""
    own = {**changes, **_times("identity-center", changes)}
    return (*in_three(**changes), there(PERMISSION_SET, **own))


def ended_in_four(**changes: object) -> RequestView:
    """Over in time, in Identity Center too."""
    asked = approved(RequestState.ENDED, ended_at=clock("15:03:50"))
    return given(asked, in_four(**views.GONE), **changes)


def rolled_back(**changes: object) -> RequestView:
    """Azure has said no, so the others are taken back."""
    back = {**views.NEVER_LIVE, "live_at": clock("14:03:22")}
    clouds: tuple[CloudView, ...] = in_three(**back)
    clouds = of(of(clouds, 0, gone_at=clock("14:04:10")), 1, gone_at=clock("14:04:09"))
    clouds = of(clouds, 2, live_at=None, gone_at=clock("14:04:11"))
    asked = approved(RequestState.FAILED, ended_at=clock("14:04:08"))
    no = CloudNo(CloudName("azure"), "RoleAssignmentLimitExceeded")
    return given(asked, clouds, **{"cloud_no": no, **changes})


def more(*, allowed: bool = False, ends: str = "15:33:20") -> MoreView:
    """Half an hour more, asked for at 14:45."""
    return MoreView(
        asked_by=ANA,
        asked_at=clock("14:45"),
        adding=HALF,
        ends_at=clock(ends),
        lapses_at=clock("15:03:20"),
        allowed=allowed,
        missing=0 if allowed else 1,
        asked=() if allowed else (BEN,),
        groups=() if allowed else (DATABASE,),
    )


def asks_for_more(**changes: object) -> RequestView:
    """Ben has not answered yet."""
    return live(**{"more": more(), **changes})


def extending(**changes: object) -> RequestView:
    """Ben has said yes; AWS and Google have moved, Azure has not."""
    until = {"extends_to": clock("15:33:20"), "state": GrantState.EXTENDING}
    clouds: tuple[CloudView, ...] = in_three(**{**views.LIVE, **until})
    for number in (0, 1):
        clouds = of(clouds, number, state=GrantState.LIVE, ends_at=clock("15:33:20"), extends_to=None)
    return live(**{"clouds": clouds, "more": more(allowed=True), **changes})


LONGER = {"ends_at": clock("15:33:20"), "due_at": clock("15:33:20")}


def moved(was: str = "15:03:20", until: str = "15:33:20", at: str = "14:46:02") -> MovedEnd:
    """An end that was moved."""
    return MovedEnd(clock(at), ANA, clock(was), clock(until), "engineers-read")


def extended(**changes: object) -> RequestView:
    """Every cloud has moved."""
    asked = approved(RequestState.ACTIVE, ends_at=clock("15:33:20"))
    defaults = {"request": asked, "clouds": in_three(**{**views.LIVE, **LONGER}), "moved_ends": (moved(),)}
    return live(**{**defaults, **changes})


def azure_kept(**changes: object) -> RequestView:
    """Azure could not move its end."""
    clouds = of(in_three(**{**views.LIVE, **LONGER}), 2, ends_at=clock("15:03:20"))
    return extended(**{"clouds": clouds, **changes})


def azure_over(**changes: object) -> RequestView:
    """Azure's end has come, the others last until later."""
    gone = {**views.GONE, "gone_at": clock("15:03:44"), "live_at": clock("14:06:01")}
    clouds = of(in_three(**{**views.LIVE, **LONGER}), 2, **{**gone, "ends_at": clock("15:03:20")})
    return extended(**{"clouds": clouds, **changes})


def grant_of(view: RequestView, number: int) -> Grant:
    """The grant in one of the clouds."""
    grant = view.clouds[number].grant
    assert grant is not None
    return grant


def later(minutes: float, start: datetime = views.NOW) -> datetime:
    """So many minutes on."""
    return start + timedelta(minutes=minutes)


ALL = {
    "three starting": starting,
    "two of three": two_of_three,
    "three live": live,
    "three ending": ending,
    "three stuck": stuck,
    "three ended": ended,
    "three ended early": ended_early,
    "four ended": ended_in_four,
    "three rolled back": rolled_back,
    "asks for more": asks_for_more,
    "extending": extending,
    "extended": extended,
    "azure kept": azure_kept,
    "azure over": azure_over,
}
"""Every situation that more clouds or more time add."""
EVERY = {**views.ALL, **ALL}
