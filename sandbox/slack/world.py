"""Meridian: the workspace, its people, channels, tokens and app that the stand-in starts with."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.slack.channels import Channel
from sandbox.slack.people import Member
from sandbox.slack.shapes import Json

TEAM_ID = "T0MERIDIAN"
TEAM_NAME = "Meridian"
TEAM_DOMAIN = "meridian"
OTHER_TEAM_ID = "T0NORTHWIND"
APP_ID = "A0PRODACCESS"
BOT_USER_ID = "U0PRODACCESS"
BOT_ID = "B0PRODACCESS"
SLACKBOT = "USLACKBOT"
VERIFICATION_TOKEN = "sandbox-verification"
BOT_TOKEN = "xoxb-sandbox-meridian-bot"
WIDE_BOT_TOKEN = "xoxb-sandbox-meridian-wide"
OTHER_BOT_TOKEN = "xoxb-sandbox-meridian-other"
APP_TOKEN = "xapp-sandbox-meridian-app"
COMMAND = "/prod-access"

BOT_SCOPES = frozenset(
    {
        "commands",
        "chat:write",
        "users:read",
        "channels:read",
        "groups:read",
    }
)
"""What the app was given at installation: the scopes of its manifest, and none besides."""

WIDE_SCOPES = BOT_SCOPES | {
    "users:read.email",
    "usergroups:read",
    "im:write",
    "channels:history",
    "groups:history",
    "im:history",
    "im:read",
    "chat:write.public",
}
"""What a test may use to look further than the app can."""


@dataclass(frozen=True)
class Token:
    """What a token may do, and for whom."""

    kind: str
    user_id: str
    scopes: frozenset[str]


@dataclass(frozen=True)
class Manifest:
    """What the app declared of itself (docs: app manifests)."""

    command: str = COMMAND
    should_escape: bool = True
    messages_tab: bool = True
    messages_tab_read_only: bool = True
    home_tab: bool = True
    events: frozenset[str] = frozenset(
        {
            "app_home_opened",
            "app_uninstalled",
            "channel_shared",
            "member_joined_channel",
            "member_left_channel",
            "subteam_members_changed",
            "tokens_revoked",
            "user_change",
        }
    )


@dataclass
class Usergroup:
    """A named group of people, mentioned as @handle."""

    id: str
    handle: str
    name: str
    users: list[str] = field(default_factory=list)

    def as_json(self, *, with_users: bool) -> Json:
        """The usergroup object (docs: object types, usergroup)."""
        group: Json = {
            "id": self.id,
            "team_id": TEAM_ID,
            "is_usergroup": True,
            "name": self.name,
            "handle": self.handle,
            "description": "",
            "is_external": False,
            "date_delete": 0,
            "user_count": len(self.users),
        }
        if with_users:
            group["users"] = list(self.users)
        return group


@dataclass
class World:
    """Everything that is true before anybody acts."""

    members: dict[str, Member]
    channels: dict[str, Channel]
    usergroups: dict[str, Usergroup]
    tokens: dict[str, Token]
    manifest: Manifest


def _person(id_: str, name: str, real_name: str, title: str, **flags: Any) -> Member:  # noqa: ANN401
    email = f"{name}@meridian.example"
    return Member(id_, name, real_name, TEAM_ID, email=email, title=title, **flags)


def _bot(id_: str, name: str, real_name: str, bot_id: str, app_id: str) -> Member:
    return Member(id_, name, real_name, TEAM_ID, is_bot=True, bot_id=bot_id, app_id=app_id)


def _members() -> list[Member]:
    return [
        _person("U0ANA", "ana", "Ana Ruiz", "Engineer"),
        _person("U0ANAADMIN", "ana-admin", "Ana Ruiz (admin)", "Second account of Ana Ruiz"),
        _person("U0BEN", "ben", "Ben Okafor", "Database on-call"),
        _person("U0CHLOE", "chloe", "Chloe Martin", "Platform on-call"),
        _person("U0DEV", "dev", "Dev Patel", "Incident commander"),
        _person("U0EMI", "emi", "Emi Sato", "Security"),
        _person("U0IVY", "ivy", "Ivy Chen", "Payments on-call"),
        _person("U0FEMI", "femi", "Femi Adeyemi", "New today"),
        _person("U0GWEN", "gwen", "Gwen Hall", "Guest", is_restricted=True),
        Member(
            "U0HUGO", "hugo", "Hugo Lind", OTHER_TEAM_ID, email="hugo@northwind.example", title="Northwind"
        ),
        _person("U0OLD", "oskar", "Oskar Lund", "Left last year", deleted=True),
        _bot(BOT_USER_ID, "prod-access", "Prod Access", BOT_ID, APP_ID),
        _bot("U0OTHERBOT", "otherbot", "Other Bot", "B0OTHERBOT", "A0OTHERBOT"),
        Member(SLACKBOT, "slackbot", "Slackbot", TEAM_ID),
    ]


STAFF = ("U0ANA", "U0ANAADMIN", "U0BEN", "U0CHLOE", "U0DEV", "U0EMI", "U0IVY", "U0FEMI")


def _channel(id_: str, name: str, *others: str, staff: Iterable[str] = STAFF, **flags: Any) -> Channel:  # noqa: ANN401
    return Channel(id_, name, members={*staff, *others}, **flags)


def _channels() -> list[Channel]:
    return [
        _channel("C0GENERAL", "general", "U0GWEN", "U0OTHERBOT"),
        _channel("C0PRODACCESS", "prod-access", "U0GWEN", BOT_USER_ID),
        _channel("C0DB", "prod-access-db", "U0GWEN", "U0OTHERBOT", BOT_USER_ID),
        _channel("C0SECURITY", "security-access", BOT_USER_ID, is_private=True),
        _channel("C0INC42", "inc-42-checkout", BOT_USER_ID),
        _channel("C0AUDIT", "access-audit", BOT_USER_ID),
        _channel("C0PARTNER", "partner-northwind", "U0HUGO", staff=("U0ANA", "U0BEN"), is_ext_shared=True),
    ]


def _usergroups() -> list[Usergroup]:
    return [
        Usergroup("S0DBONCALL", "db-oncall", "Database on-call", ["U0BEN"]),
        Usergroup("S0PLATFORM", "platform-oncall", "Platform on-call", ["U0CHLOE"]),
        Usergroup("S0COMMANDERS", "commanders", "Incident commanders", ["U0DEV"]),
        Usergroup("S0SECURITY", "security", "Security", ["U0EMI"]),
        Usergroup("S0PAYMENTS", "payments-oncall", "Payments on-call", ["U0IVY"]),
    ]


def _tokens() -> dict[str, Token]:
    return {
        BOT_TOKEN: Token("bot", BOT_USER_ID, BOT_SCOPES),
        WIDE_BOT_TOKEN: Token("bot", BOT_USER_ID, WIDE_SCOPES),
        OTHER_BOT_TOKEN: Token("bot", "U0OTHERBOT", frozenset({"chat:write"})),
        APP_TOKEN: Token("app", BOT_USER_ID, frozenset({"connections:write"})),
    }


def meridian() -> World:
    """The example organisation, fresh."""
    return World(
        members={member.id: member for member in _members()},
        channels={channel.id: channel for channel in _channels()},
        usergroups={group.id: group for group in _usergroups()},
        tokens=_tokens(),
        manifest=Manifest(),
    )


def with_people(world: World, path: Path) -> World:
    """The world with the people, channels and usergroups of a JSON file added or replaced by id."""
    told: Json = json.loads(path.read_text(encoding="utf-8"))
    for one in told.get("people", []):
        world.members[one["id"]] = Member(**{"team_id": TEAM_ID, **one})
    for one in told.get("channels", []):
        world.channels[one["id"]] = Channel(**{**one, "members": set(one.get("members", []))})
    for one in told.get("usergroups", []):
        world.usergroups[one["id"]] = Usergroup(**one)
    return world
