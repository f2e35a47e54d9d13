"""A token of a person's own Azure account, from the `az` command line that they are signed in with."""

from typing import Final

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import AzureCliCredential

from cli.output import CannotDo

_SCOPE: Final = "https://management.azure.com/.default"
_SECONDS: Final = 30


def own_token(tenant: str) -> str:
    """An access token for Azure Resource Manager in this tenant.

    Raises:
        CannotDo: nobody is signed in there with `az`.
    """
    try:
        found = AzureCliCredential(tenant_id=tenant, process_timeout=_SECONDS).get_token(_SCOPE)
    except ClientAuthenticationError as error:
        raise CannotDo(
            f"your own Azure account could not be used. Run: az login --tenant {tenant}"
        ) from error
    return str(found.token)
