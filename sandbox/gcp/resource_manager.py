"""Cloud Resource Manager v3: https://cloud.google.com/resource-manager/reference/rest."""

from sandbox.gcp import policy_calls
from sandbox.gcp.context import Context
from sandbox.gcp.directory import Resource
from sandbox.gcp.policy_calls import Answer


def get(context: Context) -> Answer:
    """A project, folder or organisation."""
    resource = _named(context, "get")
    context.require("get", resource)
    context.use_quota("Read")
    return resource.json()


def get_iam_policy(context: Context) -> Answer:
    """Its policy."""
    return policy_calls.get(context, _named(context, "getIamPolicy"))


def set_iam_policy(context: Context) -> Answer:
    """Replaces its policy."""
    return policy_calls.set_(context, _named(context, "setIamPolicy"))


def test_iam_permissions(context: Context) -> Answer:
    """What the caller may do with it; of nothing, nothing."""
    found = context.cloud.directory.resource("/".join(context.path))
    return policy_calls.test(context, found) if found else {}


def _named(context: Context, verb: str) -> Resource:
    kind, identifier = context.path
    return context.find(f"{kind}/{identifier}", f"resourcemanager.{kind}.{verb}")
