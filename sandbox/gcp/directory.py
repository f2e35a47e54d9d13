"""Who there is and what there is: principals, groups, and the hierarchy of resources."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sandbox.gcp import names

_CREATED: Final = "2024-03-01T09:00:00Z"
_KINDS: Final = {"organizations": "Organization", "folders": "Folder", "projects": "Project"}


@dataclass(frozen=True)
class Resource:
    """Something with a policy."""

    name: str
    """`projects/shop-prod`: what it is called in a request, by id."""
    kind: str
    """`organizations`, `folders`, `projects` or `serviceAccounts`."""
    parent: str | None
    fields: dict[str, Any] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """What a condition reads as `resource.type`."""
        service = "iam" if self.kind == "serviceAccounts" else "cloudresourcemanager"
        return f"{service}.googleapis.com/{_KINDS.get(self.kind, 'ServiceAccount')}"

    def permission(self, verb: str) -> str:
        """The permission a verb needs on it."""
        service = "iam" if self.kind == "serviceAccounts" else "resourcemanager"
        return f"{service}.{self.kind}.{verb}"

    def json(self) -> dict[str, Any]:
        """The resource as its API answers it."""
        return self.fields


@dataclass
class ServiceAccount:
    """A service account; disabled, its tokens are refused, and enabled again they are good again."""

    email: str
    project: str
    number: str
    disabled: bool = False

    @property
    def name(self) -> str:
        """Its full resource name."""
        return f"projects/{self.project}/serviceAccounts/{self.email}"

    def json(self) -> dict[str, Any]:
        """The account as IAM answers it."""
        found = {"name": self.name, "email": self.email, "projectId": self.project, "uniqueId": self.number}
        return found | ({"disabled": True} if self.disabled else {})


class Directory:
    """Everything there is."""

    def __init__(self) -> None:
        self.people = frozenset(map(names.email, (*names.PEOPLE, names.OPERATOR)))
        self.groups = {
            names.ENGINEERS: frozenset(map(names.email, names.PEOPLE)),
            names.SRE: frozenset(map(names.email, ("dev", "ivy"))),
        }
        self.service_accounts = {account.email: account for account in _service_accounts()}
        self._resources = {
            one.name: one for one in (*_hierarchy(), *map(_account, self.service_accounts.values()))
        }
        self._numbers = {
            f"projects/{names.SHOP_PROD_NUMBER}": f"projects/{names.SHOP_PROD}",
            f"projects/{names.TOOLING_NUMBER}": f"projects/{names.TOOLING}",
        }

    def resource(self, name: str) -> Resource | None:
        """A resource by its name, a project also by its number; None when there is none."""
        return self._resources.get(self._numbers.get(name, name))

    def resources(self) -> Iterator[Resource]:
        """Every resource with a policy."""
        yield from self._resources.values()

    def upwards(self, resource: Resource) -> Iterator[Resource]:
        """A resource and everything above it."""
        at: Resource | None = resource
        while at is not None:
            yield at
            at = self._resources[at.parent] if at.parent else None

    def members(self, email: str) -> frozenset[str]:
        """Every way a policy can mean this account, in lower case."""
        kind = "serviceAccount" if email in self.service_accounts else "user"
        groups = {f"group:{group}" for group, inside in self.groups.items() if email in inside}
        domain = {f"domain:{email.partition('@')[2]}"} if kind == "user" else set()
        return frozenset(name.lower() for name in {f"{kind}:{email}"} | groups | domain)

    def project_of(self, email: str) -> str:
        """The project whose quota an account's calls use."""
        account = self.service_accounts.get(email)
        return account.project if account else names.TOOLING

    def number_of(self, project: str) -> str:
        """A project's number."""
        return {names.SHOP_PROD: names.SHOP_PROD_NUMBER}.get(project, names.TOOLING_NUMBER)


def _service_accounts() -> Iterator[ServiceAccount]:
    yield ServiceAccount(names.WORKER, names.TOOLING, "101000000000000000001")
    yield ServiceAccount(names.STRANGER, names.TOOLING, "101000000000000000002")
    yield ServiceAccount(names.BROKERED, names.SHOP_PROD, "101000000000000000003")
    yield ServiceAccount(names.COMPUTE, names.SHOP_PROD, "101000000000000000004")


def _hierarchy() -> Iterator[Resource]:
    yield _made(
        "organizations", names.ORGANIZATION, None, displayName=names.DOMAIN, directoryCustomerId="C01"
    )
    yield _made("folders", names.FOLDER, names.ORGANIZATION, displayName="production")
    yield _project(names.SHOP_PROD, names.SHOP_PROD_NUMBER, names.FOLDER)
    yield _project(names.TOOLING, names.TOOLING_NUMBER, names.ORGANIZATION)


def _project(project: str, number: str, parent: str) -> Resource:
    made = _made("projects", f"projects/{project}", parent, projectId=project, displayName=project)
    return replace(made, fields=made.fields | {"name": f"projects/{number}"})


def _made(kind: str, name: str, parent: str | None, **shown: str) -> Resource:
    fields = {"name": name, "state": "ACTIVE", "createTime": _CREATED, "etag": "W/sandbox"} | shown
    fields |= {"parent": parent} if parent else {}
    return Resource(name, kind, parent, fields)


def _account(account: ServiceAccount) -> Resource:
    return Resource(account.name, "serviceAccounts", f"projects/{account.project}")
