"""What a person reads about using what they hold."""

from bot.web.shapes import AzureRole, GoogleBinding, Usable
from cli.login import clock_time


def on_your_google_account(usable: Usable, binding: GoogleBinding) -> tuple[str, ...]:
    """A Google role is on one's own account: there is nothing to fetch."""
    account = binding.member.partition(":")[2] or binding.member
    return (
        f"{usable.role} is on your own Google account ({account}) in {binding.resource}, {_until(usable)}.",
        "gcloud and your programs use it as they are signed in. Google may need 7 min before it works.",
        "A token for a program: prod-access credentials gcp --token",
    )


def on_your_azure_account(usable: Usable, role: AzureRole) -> tuple[str, ...]:
    """An Azure role is on one's own account; `az` may have to sign in again to see it."""
    return (
        f"{usable.role} is on your own Azure account in {role.scope}, {_until(usable)}.",
        "Azure may need 10 min before it works. If az still refuses then, sign in again:",
        f"  az login --tenant {role.tenant}",
        f"  az account set --subscription {role.scope.split('/')[2]}",
        "A token for a program: prod-access credentials azure --token",
    )


def profile(name: str, command: str) -> str:
    """Two lines for `~/.aws/config`."""
    return f"[profile {name}]\ncredential_process = {command}"


def _until(usable: Usable) -> str:
    return f"until {clock_time(usable.ends_at)}"
