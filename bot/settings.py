"""The settings of the processes that speak with Slack; read once, in their wiring."""

from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import NoDecode

from workers.settings import BY_NAME, Settings, env

_WHERE = "docs/slack.md says where to find it."


class BotSettings(Settings):
    """What the bot and the announcer need besides the ledger and the queue; they hold no cloud credential."""

    slack_bot_token: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=env("SLACK_BOT_TOKEN"),
        description="The bot token, xoxb-…, from the app's OAuth page.",
    )
    slack_app_token: SecretStr = Field(
        default=SecretStr(""),
        validation_alias=env("SLACK_APP_TOKEN"),
        description="The app-level token, xapp-…, with connections:write; for Socket Mode.",
    )
    slack_api_url: str = Field(
        default="https://slack.com/api/",
        validation_alias=env("SLACK_API_URL"),
        description="Where Slack's Web API is: Slack's own, or a stand-in.",
    )
    audit_channel: str = Field(
        default="",
        validation_alias=env("PROD_ACCESS_AUDIT_CHANNEL"),
        description="The id of the channel that is told of refused policy files and of access that is stuck.",
    )
    help_channel: str = Field(
        default="#platform-help",
        validation_alias=env("PROD_ACCESS_HELP_CHANNEL"),
        description="Where people are sent who need a person.",
    )

    pager_tokens: Annotated[dict[str, SecretStr], NoDecode, BY_NAME] = Field(
        default_factory=dict,
        validation_alias=env("PROD_ACCESS_PAGER_TOKENS"),
        description="What each pager is asked with who is on call, as JSON by its name in pagers.yaml.",
    )

    def missing(self) -> str | None:
        """What is missing to speak with Slack, as a sentence; None when nothing is."""
        if not self.slack_bot_token.get_secret_value().startswith("xoxb-"):
            return f"SLACK_BOT_TOKEN is missing or is not a bot token (xoxb-…). {_WHERE}"
        if not self.slack_app_token.get_secret_value().startswith("xapp-"):
            return f"SLACK_APP_TOKEN is missing or is not an app-level token (xapp-…). {_WHERE}"
        return None
