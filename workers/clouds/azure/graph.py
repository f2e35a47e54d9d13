"""Who somebody is in Entra ID, by their e-mail address; needs Graph's permission User.Read.All."""

from workers.clouds.azure.client import AzureClient
from workers.clouds.azure.records import User
from workers.clouds.cloud import Refused


class GraphDirectory:
    """Looks people up in the organisation's tenant."""

    def __init__(self, client: AzureClient) -> None:
        self._client = client

    def object_id_of(self, email: str) -> str:
        """The object id of the one active member with this address; it is proposed to people, never assumed.

        Raises:
            Refused: nobody has it, more than one does, or who has it is a guest or switched off.
            CloudError: Graph could not be asked.
        """
        found = self._with(email)
        if len(found) != 1:
            raise Refused("azure_more_than_one_user" if found else "azure_no_such_user")
        (user,) = found
        if user.kind != "Member":
            raise Refused("azure_not_a_member")
        if not user.enabled:
            raise Refused("azure_user_disabled")
        return user.id

    def _with(self, email: str) -> tuple[User, ...]:
        """Everybody who signs in with this address or receives mail there."""
        quoted = email.replace("'", "''")
        by_name = self._client.users(f"userPrincipalName eq '{quoted}'")
        by_mail = self._client.users(f"mail eq '{quoted}'")
        return tuple({user.id: user for user in [*by_name, *by_mail]}.values())
