"""The Slack app as Slack is told of it: the least scopes, one command, Socket Mode."""

from typing import Any, Final

COMMAND: Final = "/prod-access"
SCOPES: Final = (
    "commands",
    "chat:write",
    "users:read",
    "channels:read",
    "groups:read",
)
"""What the bot may do; it never reads anybody's messages."""
_WORDS: Final = "mine | waiting | roles | extend | end | help"
ASK_SHORTCUT: Final = "ask_for_access"
MESSAGE_SHORTCUT: Final = "ask_for_access_here"


def manifest() -> dict[str, Any]:
    """The manifest, in the shape of Slack's schema (display name at most 35 characters, hint 1,000)."""
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": "Prod Access",
            "description": "Temporary production access: ask, approve, and it ends by itself.",
            "background_color": "#1d2433",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "Prod Access", "always_online": True},
            "shortcuts": [
                {
                    "name": "Ask for access",
                    "type": kind,
                    "callback_id": callback,
                    "description": "Ask for temporary production access",
                }
                for kind, callback in (("global", ASK_SHORTCUT), ("message", MESSAGE_SHORTCUT))
            ],
            "slash_commands": [
                {
                    "command": COMMAND,
                    "description": "Ask for temporary production access",
                    "usage_hint": f"ROLE [DURATION] [REFERENCE] reason | {_WORDS}",
                    "should_escape": True,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "interactivity": {"is_enabled": True},
            "org_deploy_enabled": False,
            "socket_mode_enabled": True,
            "token_rotation_enabled": False,
        },
    }
