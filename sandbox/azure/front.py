"""Whom a request is for, and what they answer.

/<tenant>/...           entra     tokens
/v1.0/...               graph     users
/subscriptions/...      arm       the Resource Manager
/blob/<account>/...     blob      storage's data plane, which has a host of its own at Azure
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sandbox.azure import arm, entra, graph
from sandbox.azure.azure import Azure
from sandbox.azure.calls import Call
from sandbox.azure.errors import AzureError
from sandbox.azure.wire import Answer, Request


@dataclass(frozen=True)
class Target:
    """A call, and how to answer it."""

    call: Call
    handler: Callable[[], Answer]

    def answer(self) -> tuple[Call, Answer]:
        """The call with how it went, and the answer: a refusal too is one."""
        try:
            given, code = self.handler(), None
        except AzureError as error:
            given, code = error.answer(self.call.service), error.code
        return replace(self.call, reached=True, status=given.status, code=code), given


class Front:
    """Everything that can be asked of Azure."""

    def __init__(self, azure: Azure, secrets: Mapping[str, str]) -> None:
        self._azure = azure
        self._secrets = secrets

    def target(self, request: Request) -> Target:
        """Whom a request is for."""
        azure = self._azure
        if entra.is_entra(request):
            action = "discovery" if request.method == "GET" else "token"
            call = self._call("entra", action, entra.client(request))
            return Target(call, lambda: entra.answer(azure, self._secrets, request))
        who = azure.tokens.name(request.headers.get("authorization", ""))
        if graph.is_graph(request):
            return Target(self._call("graph", "users/read", who), lambda: graph.answer(azure, request))
        route = arm.find_route(request)
        if route is None:
            call = self._call("arm", f"{request.method} {request.path}", who)
            return Target(call, lambda: _nothing(request))
        scope, name = route.scope.text, route.name.lower()
        call = self._call(route.service, route.action, who, scope, name, mutating=route.mutating)
        return Target(call, lambda: arm.answer(azure, request, route))

    def _call(
        self, service: str, action: str, who: str, scope: str = "", name: str = "", *, mutating: bool = False
    ) -> Call:
        return Call(self._azure.timing.now(), service, action, scope, name, who, mutating)


def _nothing(request: Request) -> Answer:
    """A page that is not there; Azure's words differ from provider to provider."""
    message = f"The resource type could not be found for {json.dumps(f'{request.method} {request.path}')}."
    raise AzureError(404, "InvalidResourceType", message)
