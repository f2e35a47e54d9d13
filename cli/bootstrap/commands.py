"""A setup as lines for a shell: each cloud's own command line, in the order in which they work."""

import shlex
from collections.abc import Iterable, Iterator
from typing import NamedTuple, assert_never

from cli.bootstrap.layout import WIDTH, laid_out
from policies.least_privilege.aws import AwsSetup, SpokeAccount
from policies.least_privilege.azure import AzureSetup, Delegation
from policies.least_privilege.gcp import GcpSetup, OwnRole, RoleLimit
from policies.least_privilege.iam import Arn, PolicyDocument
from policies.least_privilege.identity_center import IdentityCenterSetup

_AGAIN = " (again)"
_NOT_YET = "Nothing here gives anybody access."
_IAM_INTRO = (
    f"Run each part in its account, from top to bottom, as an administrator of IAM. {_NOT_YET}",
    "Which account you are in: aws sts get-caller-identity --query Account",
    'When the catalogue has changed: bootstrap again, and run only what is marked "again".',
)
_INTRO = (
    f"Run it from top to bottom, as an administrator of access there. {_NOT_YET}",
    "When the catalogue has changed: bootstrap again, and for each part first take the old one off.",
    "When a role has left it: end what is held of that role before, or it can no longer be taken back.",
)
_LIMITED = "The workers may give and take back the roles named here, and no others."
_BREAK = " \\\n  "
_CHECK = "# Then see that it is refused: prod-access doctor --prove"


class Line(NamedTuple):
    """One command, and what it reads from its standard input."""

    why: str
    words: tuple[str, ...]
    reads: str = ""
    text: str = ""


class Part(NamedTuple):
    """The commands for one place, and the one that first takes off what was set up there before."""

    where: str
    lines: tuple[Line, ...]
    off: tuple[str, ...] = ()


def command_lines(setup: AwsSetup | IdentityCenterSetup | GcpSetup | AzureSetup) -> str:
    """Everything to run, with what to run where."""
    match setup:
        case AwsSetup():
            whole = _script(("AWS, for prod-access.", *_IAM_INTRO), _aws(setup))
            return f"{whole}\n\n{_CHECK}"
        case IdentityCenterSetup():
            return _script(("Identity Center, for prod-access.", *_IAM_INTRO), _identity_center(setup))
        case GcpSetup():
            return _script(("Google Cloud, for prod-access.", *_INTRO), _gcp(setup))
        case AzureSetup():
            return _script(("Azure, for prod-access.", *_INTRO), _azure(setup))
        case _:
            assert_never(setup)


def _script(intro: Iterable[str], parts: Iterable[Part]) -> str:
    blocks = ["\n".join(f"# {line}" for line in intro)]
    for number, part in enumerate(parts, start=1):
        blocks.append(f"# {number}. {part.where}")
        if part.off:
            blocks.append(f"# Takes the old one off:\n{_comment(_command(part.off))}")
        blocks += [_shown(line) for line in part.lines]
    return "\n\n".join(blocks)


def _shown(line: Line) -> str:
    command = f"{_comment(line.why)}\n{_command(line.words)}"
    return f"{command}{_BREAK}{line.reads} <<'END'\n{line.text}\nEND" if line.reads else command


def _command(words: tuple[str, ...]) -> str:
    """The words as a shell takes them; each option on its own line where one line is too short."""
    whole = shlex.join(words)
    if len(whole) <= WIDTH:
        return whole
    return " ".join(f"\\\n  {shlex.quote(one)}" if one[:2] == "--" else shlex.quote(one) for one in words)


def _comment(text: str) -> str:
    return "\n".join(f"# {line}" for line in text.split("\n"))


# AWS and Identity Center ------------------------------------------------------------------------------------


def _aws(setup: AwsSetup) -> Iterator[Part]:
    for one in setup.accounts:
        lines = (_boundary(one), *_role(one.account.spoke_role, one.trust, one.permissions))
        yield Part(f"Account {one.account.id}, {one.account.alias}", lines)
    yield _workers(setup.worker, "prod-access", setup.hub)
    for account in setup.people_accounts:
        why = "Attach it to whatever people sign in with. By itself it permits nothing: each role decides."
        line = _managed(why, "prod-access-people", "/", setup.people)
        yield Part(f"Account {account}, where people sign in", (line,))


def _boundary(one: SpokeAccount) -> Line:
    name = Arn.of(one.account.boundary)
    why = (
        "The most that access through prod-access can ever do there.\n"
        "Narrow the first statement to what that should be."
    )
    return _managed(why, name.name, name.path, one.boundary)


def _identity_center(setup: IdentityCenterSetup) -> Iterator[Part]:
    for one in setup.assigners:
        where = f"Account {Arn.of(one.role).account}, which administers Identity Center"
        yield Part(where, _role(one.role, one.trust, one.permissions))
    yield _workers(setup.worker, "prod-access-identity-center", setup.hub)


def _role(arn: str, trust: PolicyDocument, permissions: PolicyDocument) -> tuple[Line, ...]:
    role = Arn.of(arn)
    made = ("aws", "iam", "create-role", "--role-name", role.name, *_path(role.path))
    may = ("aws", "iam", "put-role-policy", "--role-name", role.name, "--policy-name", "prod-access")
    return (
        _reading("The role that the workers act through: they alone.", made, trust, "--assume-role-policy"),
        _reading(f"What it may do{_AGAIN}.", may, permissions, "--policy"),
    )


def _workers(arn: str, name: str, hub: PolicyDocument) -> Part:
    worker = Arn.of(arn)
    words = (f"put-{worker.kind}-policy", f"--{worker.kind}-name", worker.name, "--policy-name", name)
    line = _reading(f"What the workers themselves may do{_AGAIN}.", ("aws", "iam", *words), hub, "--policy")
    return Part(f"Account {worker.account}, where the workers are", (line,))


def _managed(why: str, name: str, path: str, document: PolicyDocument) -> Line:
    words = ("aws", "iam", "create-policy", "--policy-name", name, *_path(path))
    return _reading(why, words, document, "--policy")


def _reading(why: str, words: tuple[str, ...], document: PolicyDocument, option: str) -> Line:
    return Line(why, words, f"{option}-document file:///dev/stdin", laid_out(document.document))


def _path(path: str) -> tuple[str, ...]:
    return () if path == "/" else ("--path", path)


# Google Cloud -----------------------------------------------------------------------------------------------

_GROUPS = {
    "projects": ("projects",),
    "folders": ("resource-manager", "folders"),
    "organizations": ("organizations",),
}


def _gcp(setup: GcpSetup) -> Iterator[Part]:
    for resource in dict.fromkeys(limit.resource for limit in setup.limits):
        own = (_own_role(one) for one in setup.own_roles if one.organization == resource)
        limits = [one for one in setup.limits if one.resource == resource]
        off = (*_binding("remove", limits[0], setup.member), "--all")
        yield Part(resource, (*own, *(_limit(one, setup.member) for one in limits)), off)


def _own_role(role: OwnRole) -> Line:
    return Line(
        "A role that may read and change the organisation's policy, and nothing else.",
        (
            *("gcloud", "iam", "roles", "create", role.id),
            f"--organization={role.organization.partition('/')[2]}",
            "--title=prod-access",
            f"--permissions={','.join(role.permissions)}",
        ),
    )


def _limit(limit: RoleLimit, member: str) -> Line:
    condition = {"title": limit.title, "expression": limit.expression}
    words = _binding("add", limit, member)
    return Line(_LIMITED, words, "--condition-from-file=/dev/stdin", laid_out(condition))


def _binding(verb: str, limit: RoleLimit, member: str) -> tuple[str, ...]:
    kind, _, name = limit.resource.partition("/")
    words = ("gcloud", *_GROUPS[kind], f"{verb}-iam-policy-binding", name)
    return (*words, f"--member={member}", f"--role={limit.role}")


# Azure ------------------------------------------------------------------------------------------------------


def _azure(setup: AzureSetup) -> Iterator[Part]:
    for one in setup.delegations:
        role = ("--role", setup.administrator.name, "--scope", one.scope)
        off = ("az", "role", "assignment", "delete", "--assignee", setup.worker, *role)
        yield Part(f"{one.alias}, in tenant {one.tenant}", (_delegation(setup, one, role),), off)


def _delegation(setup: AzureSetup, one: Delegation, role: tuple[str, ...]) -> Line:
    whom = ("--assignee-object-id", setup.worker, "--assignee-principal-type", "ServicePrincipal")
    words = ("az", "role", "assignment", "create", *whom, *role, "--condition-version", "2.0")
    return Line(_LIMITED, words, "--condition @-", one.condition)
