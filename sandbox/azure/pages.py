"""The stand-in's own pages.

GET    /_sandbox/log[?since=N][&all=1]   mutating calls (or all) in order: see `calls.Call`
GET    /_sandbox/faults                  the faults in force and how often each struck
POST   /_sandbox/faults                  a `faults.Fault` as JSON; answers {"id": N}
DELETE /_sandbox/faults[/N]              all mended, or one
PUT    /_sandbox/dates/stopped           dates stand still: PIM windows and conditions never end
DELETE /_sandbox/dates/stopped           dates go on
GET    /_sandbox/settings                see `settings.Settings`
PATCH  /_sandbox/settings                some of them, as JSON
DELETE /_sandbox/settings                as they were at the start
GET    /_sandbox/assignments             the assignments there are: see `view.assignments`
DELETE /_sandbox/assignments             only the standing ones are left; of others only the logs know
GET    /_sandbox/activity                the activity log whole, oldest first, without its delay
POST   /_sandbox/tokens/PERSON           a person's own token, as after signing in: {"audience": ...}
POST   /_sandbox/principals              a new principal: {"id", "kind", "name", "mail"}
DELETE /_sandbox/principals/ID           somebody is gone from the directory
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.azure import names, view
from sandbox.azure.azure import Azure
from sandbox.azure.calls import CallLog
from sandbox.azure.directory import Principal
from sandbox.azure.faults import Fault, Faults
from sandbox.azure.settings import Settings
from sandbox.azure.wire import Answer, Request, json_answer


class _SignIn(BaseModel):
    audience: str = names.ARM_AUDIENCE


class _Newcomer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str
    kind: str = "User"
    name: str = ""
    mail: str | None = None


class Pages:
    """Answers them."""

    def __init__(self, azure: Azure, log: CallLog, faults: Faults) -> None:
        self._azure = azure
        self._log = log
        self._faults = faults
        self._first_settings = azure.settings

    def answer(self, request: Request) -> Answer:
        """The page's answer; what cannot be read is 400."""
        try:
            found = self._found(request)
        except ValidationError as error:
            return json_answer({"error": str(error)}, 400)
        if found is None:
            return json_answer({"error": f"There is no page {request.method} {request.path}."}, 404)
        return json_answer(found)

    def _found(self, request: Request) -> dict[str, Any] | None:
        match request.segments[1:]:
            case ["dates", "stopped"]:
                return self._dates(request.method)
            case ["settings"]:
                return self._settings(request)
            case ["faults", *number]:
                return self._fault_page(request, number)
            case [kind, *rest] if request.method != "GET":
                return self._changed(request, kind, rest)
            case [page]:
                return self._shown(page, request)
        return None

    def _shown(self, page: str, request: Request) -> dict[str, Any] | None:
        match page:
            case "log":
                since, everything = int(request.query.get("since", "0")), "all" in request.query
                return {"calls": self._log.json(since=since, everything=everything)}
            case "assignments":
                return {"assignments": view.assignments(self._azure)}
            case "activity":
                return {"records": self._azure.activity.json()}
        return None

    def _changed(self, request: Request, kind: str, rest: list[str]) -> dict[str, Any] | None:
        match [request.method, kind, *rest]:
            case ["POST", "tokens", person] if person in names.PEOPLE:
                return self._token(person, _SignIn.model_validate_json(request.body).audience)
            case ["POST", "principals"]:
                return self._add(_Newcomer.model_validate_json(request.body))
            case ["DELETE", "assignments"]:
                self._azure.schedules.forget()
                self._azure.assignments.forget()
                return {}
            case ["DELETE", "principals", principal]:
                self._azure.directory.remove(principal)
                return {}
        return None

    def _token(self, person: str, audience: str) -> dict[str, Any] | None:
        who = self._azure.directory.find(names.PEOPLE[person])
        if who is None:
            return None
        lifetime = self._azure.settings.token_lifetime
        token, expires_on = self._azure.tokens.issue(who, audience, lifetime)
        return {"token": token, "expires_on": expires_on}

    def _add(self, new: _Newcomer) -> dict[str, Any]:
        now = self._azure.timing.now()
        principal = Principal(
            new.id.lower(), new.kind, new.name or new.id, new.name, new.mail, created_at=now
        )
        self._azure.directory.add(principal)
        return {"id": principal.id}

    def _settings(self, request: Request) -> dict[str, Any] | None:
        azure = self._azure
        if request.method == "PATCH":
            azure.schedules.settle()
            changed = Settings.model_validate_json(request.body).model_dump(exclude_unset=True)
            azure.settings = azure.settings.model_copy(update=changed)
        elif request.method == "DELETE":
            azure.settings = self._first_settings
        return azure.settings.model_dump(mode="json")

    def _dates(self, method: str) -> dict[str, Any]:
        timing = self._azure.timing
        if method == "PUT":
            self._azure.schedules.settle()
            timing.stop_dates()
        elif method == "DELETE":
            timing.start_dates()
        return {"stopped": timing.stopped}

    def _fault_page(self, request: Request, number: list[str]) -> dict[str, Any]:
        if request.method == "GET":
            return {"faults": list(self._faults.json())}
        if request.method == "DELETE":
            self._faults.mend(int(number[0]) if number else None)
            return {}
        return {"id": self._faults.place(Fault.model_validate_json(request.body))}
