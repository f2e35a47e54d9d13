"""People as Slack knows them, with every flag an identity check must read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from sandbox.slack.shapes import Json


@dataclass
class Member:
    """One account: a person, a guest, somebody from elsewhere, or a bot."""

    id: str
    name: str
    real_name: str
    team_id: str
    email: str = ""
    title: str = ""
    deleted: bool = False
    is_admin: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_workflow_bot: bool = False
    is_connector_bot: bool = False
    is_invited_user: bool = False
    is_email_confirmed: bool = True
    bot_id: str = ""
    app_id: str = ""
    updated: int = 1_700_000_000

    def as_user(self, *, with_email: bool, home_team: str) -> Json:
        """The user object (docs: object types, user; reference B7)."""
        user: Json = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "deleted": self.deleted,
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": self.updated,
            "profile": self._profile(with_email=with_email),
        }
        if not self.deleted:  # docs: users.list shows deactivated accounts without these
            user |= self._living_flags()
        if self.team_id != home_team:
            user["is_stranger"] = self.is_stranger
        return user

    def _living_flags(self) -> Json:
        flags: Json = {
            "color": "9f69e7",
            "real_name": self.real_name,
            "tz": "Etc/UTC",
            "tz_label": "Coordinated Universal Time",
            "tz_offset": 0,
            "is_admin": self.is_admin,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            "is_email_confirmed": self.is_email_confirmed,
            "who_can_share_contact_card": "EVERYONE",
        }
        flags |= {flag: True for flag in RARE_FLAGS if getattr(self, flag)}
        return flags

    def _profile(self, *, with_email: bool) -> Json:
        profile: Json = {
            "title": self.title,
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.name,
            "display_name_normalized": self.name,
            "status_text": "",
            "status_emoji": "",
            "team": self.team_id,
        }
        if self.bot_id:
            profile |= {"bot_id": self.bot_id, "api_app_id": self.app_id}
        elif with_email:
            profile["email"] = self.email
        return profile

    def changed(self, changes: Mapping[str, object]) -> "Member":
        """The same account with some fields changed; unknown fields are an error."""
        known = {field.name for field in fields(self)}
        if unknown := set(changes) - known:
            raise ValueError(f"no such field: {', '.join(sorted(unknown))}")
        return Member(**{**asdict(self), **changes})


RARE_FLAGS = ("is_workflow_bot", "is_connector_bot", "is_invited_user")
"""Flags Slack sends only when they are true."""
