"""The app as Slack is told of it: within Slack's limits, and with no more than it needs."""

import re

from bot.slack.line import read_line
from bot.slack.line.values import Vocabulary
from bot.slack.manifest import ASK_SHORTCUT, COMMAND, MESSAGE_SHORTCUT, SCOPES, manifest
from sandbox.slack.world import BOT_SCOPES
from sandbox.slack.world import COMMAND as THEIRS


def test_the_names_fit():
    """Slack's schema: name 35, description 140, bot display name 80, colour of six digits."""
    shown = manifest()["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert re.fullmatch(r"#[0-9a-f]{6}", shown["background_color"])
    assert len(manifest()["features"]["bot_user"]["display_name"]) <= 80


def test_the_one_command_fits_and_wants_people_as_ids():
    (command,) = manifest()["features"]["slash_commands"]
    assert command["command"] == COMMAND == THEIRS
    assert len(command["command"]) <= 32
    assert len(command["description"]) <= 2000
    assert len(command["usage_hint"]) <= 1000
    assert command["should_escape"] is True


def test_the_hint_names_words_that_have_an_answer():
    (command,) = manifest()["features"]["slash_commands"]
    words = command["usage_hint"].split(" | ")[1:]
    assert words == ["mine", "waiting", "roles", "extend", "end", "help"]
    kinds = {type(read_line(word, Vocabulary(frozenset()))).__name__ for word in words}
    assert kinds == {"Mine", "Waiting", "Roles", "Extend", "End", "Help"}


def test_the_shortcuts_fit():
    shortcuts = manifest()["features"]["shortcuts"]
    assert {(one["type"], one["callback_id"]) for one in shortcuts} == {
        ("global", ASK_SHORTCUT),
        ("message", MESSAGE_SHORTCUT),
    }
    assert all(len(one["name"]) <= 24 and len(one["description"]) <= 150 for one in shortcuts)


def test_it_asks_for_little_and_reads_nobodys_messages():
    """That it is enough is shown by every other test here: their app has these scopes and no more."""
    assert manifest()["oauth_config"]["scopes"]["bot"] == list(SCOPES)
    assert set(SCOPES) <= BOT_SCOPES
    assert not [scope for scope in SCOPES if "history" in scope or scope.startswith("files")]


def test_it_speaks_over_socket_mode():
    settings = manifest()["settings"]
    assert settings["socket_mode_enabled"] is True
    assert settings["interactivity"] == {"is_enabled": True}
    assert settings["token_rotation_enabled"] is False
