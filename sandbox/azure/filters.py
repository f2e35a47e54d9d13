"""`$filter`, as far as each list of Microsoft.Authorization takes it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.azure.errors import AzureError

_ONE = re.compile(r"(?i)(at\s*scope|asTarget|asRequestor|asApprover)\(\)|(?:(assignedTo)\('([^']*)'\))")
_EQUALS = re.compile(r"(?i)(principalId|roleName|roleDefinitionId) eq '([^']*)'")


@dataclass(frozen=True)
class Filter:
    """What a list is limited to."""

    flags: frozenset[str] = frozenset()
    assigned_to: str = ""
    principal: str = ""
    role_name: str = ""
    role: str = ""


def read_filter(text: str, *, flags: Iterable[str] = ("atScope",), fields: Iterable[str] = ()) -> Filter:
    """A filter made of what the list knows; anything else is 400 UnsupportedQuery."""
    found: dict[str, str] = {}
    raised: set[str] = set()
    for part in re.split(r"(?i)\s+and\s+", text.strip()) if text.strip() else []:
        name, value = _part(part, text)
        if name in flags:
            raised.add(name)
        elif name in fields:
            found[name] = value
        else:
            raise _unsupported(text)
    if "principalId" in found and "atScope" in raised:
        raise _unsupported(text)
    return Filter(
        frozenset(raised),
        found.get("assignedTo", "").lower(),
        found.get("principalId", "").lower(),
        found.get("roleName", ""),
        found.get("roleDefinitionId", "").rpartition("/")[2].lower(),
    )


def _part(part: str, text: str) -> tuple[str, str]:
    call, equals = _ONE.fullmatch(part.strip()), _EQUALS.fullmatch(part.strip())
    if call:
        return _spelled(call[1] or call[2]), call[3] or ""
    if equals and equals[2]:
        return _spelled(equals[1]), equals[2]
    raise _unsupported(text)


_SPELLINGS = (
    "atScope",
    "asTarget",
    "asRequestor",
    "asApprover",
    "assignedTo",
    "principalId",
    "roleName",
    "roleDefinitionId",
)


def _spelled(name: str) -> str:
    return next(one for one in _SPELLINGS if one.lower() == name.replace(" ", "").lower())


def _unsupported(text: str) -> AzureError:
    """The words of https://github.com/Azure/azure-rest-api-specs/issues/28255."""
    return AzureError(
        400,
        "UnsupportedQuery",
        f"The filter '{text}' is not supported. Supported filters are either 'atScope()' or "
        "'principalId eq '{value}' or assignedTo('{value}')'.",
    )
