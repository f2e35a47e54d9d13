"""A set of AWS keys: a user's own, or a session's."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Keys:
    """What signs a call; the secret parts stay out of every printed form."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    def env(self) -> dict[str, str]:
        """These keys as the environment every AWS tool reads."""
        named = {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
        }
        return {name: value for name, value in named.items() if value}
