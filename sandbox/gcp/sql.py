"""Something to use: Cloud SQL Admin, https://cloud.google.com/sql/docs/postgres/admin-api/rest.

Listing is a permission on the project, getting and restarting on the database, so a condition on
`resource.name` of one database lets nobody list (https://cloud.google.com/sql/docs/postgres/iam-conditions).
"""

from typing import Any, Final

from sandbox.gcp import names
from sandbox.gcp.context import Context
from sandbox.gcp.directory import Resource
from sandbox.gcp.errors import LegacyError
from sandbox.gcp.policy_calls import Answer

_REFUSED: Final = "The client is not authorized to make this request."


def list_instances(context: Context) -> Answer:
    """The databases of a project."""
    project = _allowed(context, "list")
    found = names.DATABASES if project.name == f"projects/{names.SHOP_PROD}" else ()
    return {"kind": "sql#instancesList", "items": [_instance(project, name) for name in found]}


def get_instance(context: Context) -> Answer:
    """One database."""
    project = _allowed(context, "get")
    return _instance(project, _existing(context.path[1]))


def restart_instance(context: Context) -> Answer:
    """Restarts a database: the one thing here that changes anything."""
    _allowed(context, "restart")
    name = _existing(context.path[1])
    context.cloud.restarts.append(name)
    number = f"{len(context.cloud.restarts):08d}"
    operation = {"kind": "sql#operation", "name": number, "operationType": "RESTART", "status": "DONE"}
    return operation | {"targetId": name, "user": context.caller.email}


def _allowed(context: Context, verb: str) -> Resource:
    """The project, when the caller may; Cloud SQL refuses in the older form of error."""
    project, *database = context.path
    found = context.cloud.directory.resource(f"projects/{project}")
    context.touched = found
    context.target = "/".join([f"projects/{project}", *(f"instances/{name}" for name in database)])
    name = context.target if database else ""
    if found is None or not context.may(f"cloudsql.instances.{verb}", found, name=name):
        raise LegacyError("PERMISSION_DENIED", _REFUSED, "notAuthorized")
    return found


def _existing(name: str) -> str:
    if name not in names.DATABASES:
        raise LegacyError("NOT_FOUND", "The Cloud SQL instance does not exist.", "instanceDoesNotExist")
    return name


def _instance(project: Resource, name: str) -> dict[str, Any]:
    return {
        "kind": "sql#instance",
        "name": name,
        "project": project.fields["projectId"],
        "databaseVersion": "POSTGRES_17",
        "region": "europe-west3",
        "state": "RUNNABLE",
        "connectionName": f"{project.fields['projectId']}:europe-west3:{name}",
    }
