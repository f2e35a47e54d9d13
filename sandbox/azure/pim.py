"""Privileged Identity Management for Azure resources: assignments that end by themselves.

    request ─▶ Provisioned ─▶ schedule (listed) ─▶ its window ─▶ gone, and for a while still listed
            ─▶ PendingProvisioning ─▶ Provisioned          ─AdminRemove─▶ Revoked
            ─▶ Granted (starts later) ─▶ Provisioned
            ─▶ PendingApproval                             ─cancel─▶ Canceled

https://learn.microsoft.com/rest/api/authorization/privileged-role-assignment-rest-sample; statuses and codes:
https://learn.microsoft.com/graph/api/governanceroleassignmentrequest-post (400, all of them). The times at
which Azure sees, refuses and forgets are field notes (`settings`), not documentation.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from sandbox.azure.assignments import Assignment, Assignments
from sandbox.azure.errors import AzureError
from sandbox.azure.schedules import PENDING, Schedule, ScheduleRequest, Triple
from sandbox.azure.settings import Settings
from sandbox.azure.timing import Timing

_REQUESTS_KEPT = timedelta(days=45)


class Schedules:
    """The requests, and the schedules they made."""

    def __init__(self, assignments: Assignments, timing: Timing, settings: Callable[[], Settings]) -> None:
        self._assignments = assignments
        self._timing = timing
        self._settings = settings
        self._requests: dict[str, ScheduleRequest] = {}
        self._schedules: dict[str, Schedule] = {}

    def forget(self) -> None:
        """There never were any."""
        self._requests.clear()
        self._schedules.clear()

    def settle(self) -> None:
        """What has come due happens: starts, then ends; when dates stand still, nothing ends."""
        now, dates = self._timing.now(), self._timing.dates()
        for request in self._requests.values():
            if request.provisioned_at is not None and request.provisioned_at <= now:
                self._provision(request, request.provisioned_at)
        for schedule in self._schedules.values():
            if schedule.ended_at is None and schedule.ends_at is not None and schedule.ends_at <= dates:
                self._end(schedule, schedule.ends_at)

    def submit(self, request: ScheduleRequest) -> None:
        """Does what a request asks, or AzureError."""
        self.check(request)
        self._requests[request.name] = request
        if request.type in {"AdminAssign", "AdminRenew"}:
            self._assign(request)
        elif request.type == "AdminRemove":
            self._remove(request)
        else:
            self._change(request)

    def check(self, request: ScheduleRequest) -> None:
        """AzureError when the request would be refused."""
        if request.name in self._requests:
            raise _bad("RoleAssignmentRequestExists", "The Role assignment request already exists.")
        if request.type == "AdminRemove":
            self._check_removable(request)
            return
        self._check_policy(request)
        if request.type in {"AdminAssign", "AdminRenew"}:
            self._check_free(request)
        else:
            self._changed(request)

    def cancel(self, request: ScheduleRequest) -> None:
        """Only what has not come about yet can be canceled."""
        if request.status not in PENDING:
            message = f"A request in status '{request.status}' cannot be canceled."
            raise _bad("RoleAssignmentRequestCannotBeCanceled", message)
        request.status, request.provisioned_at = "Canceled", None

    def end_with(self, assignment: Assignment) -> None:
        """The assignment behind a schedule was deleted: the schedule ends."""
        if assignment.schedule is not None:
            self._end(self._schedules[assignment.schedule], self._timing.now())

    def request(self, name: str) -> ScheduleRequest | None:
        """A request by name."""
        return self._requests.get(name.lower())

    def requests(self) -> Iterator[ScheduleRequest]:
        """The requests of the last 45 days."""
        oldest = self._timing.now() - _REQUESTS_KEPT
        return (one for one in self._requests.values() if one.created_at > oldest)

    def schedule(self, name: str) -> Schedule | None:
        """A schedule by name, ended ones too."""
        return self._schedules.get(name.lower())

    def shown_schedules(self) -> Iterator[Schedule]:
        """The schedules a list shows."""
        return self._shown(self._schedules.values(), self._settings().pim_schedule_lag)

    def shown_instances(self) -> Iterator[Schedule]:
        """The schedules whose instance a list shows."""
        return self._shown(self._schedules.values(), self._settings().pim_instance_lag)

    def _shown(self, schedules: Iterable[Schedule], lag: float) -> Iterator[Schedule]:
        now = self._timing.now()
        for one in schedules:
            if one.ended_at is None or now < one.ended_at + timedelta(seconds=lag):
                yield one

    def _assign(self, request: ScheduleRequest) -> None:
        settings, now = self._settings(), self._timing.now()
        due = max(request.starts_at, now + timedelta(seconds=settings.pim_provisioning))
        if settings.pim_needs_approval:
            request.status = "PendingApproval"
        elif request.starts_at > now:
            request.status, request.provisioned_at = "Granted", due
        elif due > now:
            request.status, request.provisioned_at = "PendingProvisioning", due
        else:
            self._provision(request, now)

    def _provision(self, request: ScheduleRequest, at: datetime) -> None:
        request.status, request.provisioned_at = "Provisioned", None
        schedule = Schedule(
            name=str(uuid.uuid4()),
            scope=request.scope,
            role=request.role,
            principal=request.principal,
            kind=request.kind,
            starts_at=at,
            ends_at=request.ends_at,
            request=request.name,
            created_at=at,
            assignment=str(uuid.uuid4()),
        )
        request.schedule = schedule.name
        self._schedules[schedule.name] = schedule
        self._assignments.add(
            Assignment(
                name=schedule.assignment,
                scope=request.scope,
                role=request.role,
                principal=request.principal,
                kind=request.kind,
                created_at=at,
                created_by=request.requestor,
                schedule=schedule.name,
            )
        )

    def _remove(self, request: ScheduleRequest) -> None:
        found = self._assignments.same(request.triple)
        if found is None:
            raise _absent()
        request.status, request.schedule = "Revoked", found.schedule
        if found.schedule is None:
            self._assignments.remove(found, self._timing.now())
        else:
            self._end(self._schedules[found.schedule], self._timing.now())

    def _change(self, request: ScheduleRequest) -> None:
        schedule = self._changed(request)
        schedule.ends_at, schedule.updated_at = request.ends_at, self._timing.now()
        request.status, request.schedule = "Provisioned", schedule.name

    def _end(self, schedule: Schedule, at: datetime) -> None:
        schedule.ended_at = at
        assignment = self._assignments.find(schedule.assignment)
        if assignment is not None:
            self._assignments.remove(assignment, at)

    def _check_policy(self, request: ScheduleRequest) -> None:
        """One code for every rule of the policy; which one is in the message only."""
        broken = list(self._broken(request))
        if broken:
            quoted = ",".join(f'"{rule}"' for rule in broken)
            message = f"The following policy rules failed: [{quoted}]"
            raise _bad("RoleAssignmentRequestPolicyValidationFailed", message)
        if request.ends_at and request.ends_at - request.starts_at < self._floor:
            raise _too_short()

    def _broken(self, request: ScheduleRequest) -> Iterator[str]:
        settings = self._settings()
        longest = timedelta(days=settings.pim_longest_days)
        if request.type.startswith("Self"):
            yield "EligibilityRule"
        if request.ends_at is None or request.ends_at - request.starts_at > longest:
            yield "ExpirationRule"
        if "Justification" in settings.pim_rules and not request.justification:
            yield "JustificationRule"
        if "Ticketing" in settings.pim_rules and not request.ticket.get("ticketNumber"):
            yield "TicketingRule"

    def _check_free(self, request: ScheduleRequest) -> None:
        if any(one.status in PENDING and one.triple == request.triple for one in self._requests.values()):
            message = "There is already an existing pending Role assignment request."
            raise _bad("PendingRoleAssignmentRequest", message)
        if self._assignments.same(request.triple) or self._just_ended(request.triple):
            raise _bad("RoleAssignmentExists", "The Role assignment already exists.")

    def _just_ended(self, triple: Triple) -> bool:
        since = self._timing.now() - timedelta(seconds=self._settings().pim_exists_after)
        ends = (one.ended_at for one in self._schedules.values() if one.triple == triple)
        return any(at is not None and at > since for at in ends)

    def _check_removable(self, request: ScheduleRequest) -> None:
        found = self._assignments.same(request.triple)
        if found is None or self._unseen(found):
            raise _absent()
        if found.schedule and self._timing.now() - found.created_at < self._floor:
            raise _too_short()

    def _changed(self, request: ScheduleRequest) -> Schedule:
        found = self._assignments.same(request.triple)
        if found is None or found.schedule is None or self._unseen(found):
            raise _absent()
        return self._schedules[found.schedule]

    def _unseen(self, assignment: Assignment) -> bool:
        """Too young: PIM's own look-up does not find it yet, though access is there."""
        seen = assignment.created_at + timedelta(seconds=self._settings().pim_unseen)
        return assignment.schedule is not None and self._timing.now() < seen

    @property
    def _floor(self) -> timedelta:
        return timedelta(seconds=self._settings().pim_floor)


def _absent() -> AzureError:
    return _bad("RoleAssignmentDoesNotExist", "The Role assignment does not exist.")


def _too_short() -> AzureError:
    """Azure's own spelling (https://github.com/DanielChronlund/DCToolbox/issues/50)."""
    return _bad("ActiveDurationTooShort", "The Active duration is too short. Miniumum Required is 5 minutes.")


def _bad(code: str, message: str) -> AzureError:
    return AzureError(400, code, message)
