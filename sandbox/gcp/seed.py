"""What is granted when it starts.

The worker's binding is the least it needs: it reads shop-prod's policy whole, and may change the grants of
the catalogue's roles and of no other (https://cloud.google.com/iam/docs/setting-limits-on-granting-roles).
Everything else in shop-prod is other people's and must be left as it is: grants of roles the worker may touch
too, a member that was deleted, a grant of Privileged Access Manager's.
"""

from typing import Final

from sandbox.gcp import cel, names
from sandbox.gcp.policy import AuditConfig, AuditLogConfig, Binding, Condition, Policy

KEYED: Final = (names.WORKER, names.STRANGER)
"""The service accounts that have a key."""

MAY_GRANT: Final = (
    f"api.getAttribute('{cel.MODIFIED_GRANTS}', []).hasOnly(["
    + ", ".join(f"'{role}'" for role in names.CATALOGUE)
    + "])"
)
_WORKER: Final = f"serviceAccount:{names.WORKER}"
_DELETED: Final = (
    f"deleted:serviceAccount:old-deployer@{names.SHOP_PROD}.iam.gserviceaccount.com?uid=1122334455"
)


def _binding(role: str, *members: str, condition: Condition | None = None) -> Binding:
    return Binding(role=role, members=members, condition=condition)


def _policy(*bindings: Binding, audited: tuple[str, ...] = ()) -> Policy:
    kinds = tuple(AuditLogConfig(log_type=kind) for kind in ("ADMIN_READ", "DATA_READ", "DATA_WRITE"))
    configs = tuple(AuditConfig(service=service, audit_log_configs=kinds) for service in audited)
    return Policy(version=3, bindings=bindings, audit_configs=configs)


_LIMITED: Final = Condition(title="prod-access: the catalogue's roles only", expression=MAY_GRANT)
_PAM: Final = Condition(
    title="Created by: PAM",
    description="Do not edit",
    expression='request.time < timestamp("2035-01-01T00:00:00Z")',
)

STANDING: Final = (
    _binding("roles/editor", f"serviceAccount:{names.COMPUTE}"),
    _binding("roles/cloudsql.viewer", f"serviceAccount:{names.BROKERED}", names.member("ivy")),
    _binding("roles/logging.viewer", f"group:{names.SRE}"),
    _binding("roles/run.developer", _DELETED),
    _binding("roles/cloudsql.editor", names.member("dev"), condition=_PAM),
)
"""The bindings of shop-prod that are nobody's of ours."""

POLICIES: Final = {
    names.ORGANIZATION: _policy(
        _binding("roles/owner", names.member(names.OPERATOR)),
        _binding("roles/browser", f"group:{names.ENGINEERS}"),
    ),
    names.FOLDER: _policy(_binding("roles/iam.securityReviewer", names.member("emi"))),
    f"projects/{names.SHOP_PROD}": _policy(
        *STANDING,
        _binding("roles/resourcemanager.projectIamAdmin", _WORKER, condition=_LIMITED),
        audited=("cloudsql.googleapis.com", "iam.googleapis.com"),
    ),
    f"projects/{names.SHOP_PROD}/serviceAccounts/{names.BROKERED}": _policy(
        _binding("roles/iam.serviceAccountTokenCreator", _WORKER),
    ),
}
