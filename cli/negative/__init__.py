"""The negative proof: a cloud itself refuses what the catalogue does not list, whoever holds our credentials.

    the catalogue ──▶ proofs ──▶ aws │ identity_center │ gcp │ azure ──▶ verdict ──▶ cli.doctor shows it

Each attempt is one that could give nothing to anybody even if it were let through; why not is said where it
is made. What is made on the way is removed, and what could not be is named.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from policies.rules import Policy
from policies.values import CloudName
from workers.clouds.cloud import Checkup
from workers.settings import Settings


def proofs(
    cloud: CloudName, policy: Policy, settings: Settings, now: Callable[[], datetime]
) -> Iterator[Checkup]:
    """One for each place in a cloud that a role reaches, as the workers; its SDK is imported then.

    Raises:
        LookupError: there is no such cloud.
    """
    match cloud:
        case "aws":
            from cli.negative.aws import proofs as found  # noqa: PLC0415 (lazy: boto3 takes 0.3 s to import)
        case "identity-center":
            from cli.negative.identity_center import proofs as found  # noqa: PLC0415 (lazy: boto3, as above)
        case "gcp":
            from cli.negative.gcp import proofs as found  # noqa: PLC0415 (lazy: Google's SDK takes a while)
        case "azure":
            from cli.negative.azure import proofs as found  # noqa: PLC0415 (lazy: Azure's SDK takes 0.3 s)
        case _:
            raise LookupError(f"there is no cloud called {cloud}")
    yield from found(policy, settings, now)
