"""Whose keys are good: no keys known to everybody, and a session dies with its role."""

from collections.abc import Callable
from typing import Any

from sandbox.aws.corrections.inside import find, inside


def correct() -> None:
    """Closes the root keys and ties sessions to the role they were issued for."""
    evaluator, sts = inside("core.iam_evaluator"), inside("services.sts")
    for root_test in ("is_root_access_key", "_is_root_key"):
        evaluator[root_test] = _nobody_is_root
    evaluator["resolve_credential"] = _while_its_role_lives(evaluator["resolve_credential"])
    evaluator["_principal_keys"] = _with_source_identity(evaluator["_principal_keys"])
    for name in ("resolve_credential", "_principal_keys"):
        sts[name] = evaluator[name]
    sts["_evict_expired_sessions"] = _remember_expired


def _nobody_is_root(_access_key_id: str) -> bool:
    """Here, ministack takes `test` and any account number as an unsigned root key; AWS has no such keys."""
    return False


def _remember_expired() -> None:
    """Here, ministack forgets expired sessions as new ones come; AWS goes on calling them expired."""


def _while_its_role_lives(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """A role made again under an old name has another unique id, and old sessions are not its own.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    ministack finds a session's policies by the role's name alone and would revive them.
    """
    unknown = inside("core.iam_evaluator")["_unknown_access_key"]

    def resolve_living(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the emulator's own shapes
        found = resolve(*args, **kwargs)
        orphaned = getattr(found, "principal_type", "") == "AssumedRole" and not _role_lives(found)
        return unknown() if orphaned else found

    return resolve_living


def _role_lives(credential: Any) -> bool:  # noqa: ANN401 - the emulator's own shapes
    role_name = credential.principal_arn.split("/")[1]
    role = find("_roles", credential.account_id, role_name) or {}
    return bool(role.get("RoleId") == credential.principal_id.partition(":")[0])


def _with_source_identity(keys_of: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    """`aws:SourceIdentity` is a key of every request a session with one makes.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """

    def keys(credential: Any) -> dict[str, Any]:  # noqa: ANN401 - the emulator's own shapes
        session = inside("services.sts")["_sessions"].get(credential.access_key_id) or {}
        identity = session.get("SourceIdentity")
        return keys_of(credential) | ({"aws:sourceidentity": identity} if identity else {})

    return keys
