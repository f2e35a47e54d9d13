"""The manifest, printed for whoever pastes it into Slack."""

import json

from bot.slack.manifest import manifest
from tests.cli.conftest import ProdAccess


def test_the_manifest_is_printed_whole_and_alone(prod_access: ProdAccess):
    ran = prod_access("slack", "manifest")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out) == manifest()


def test_what_is_printed_is_within_slacks_limits(prod_access: ProdAccess):
    """Source: Slack's manifest schema."""
    printed = json.loads(prod_access("slack", "manifest").out)
    display, features = printed["display_information"], printed["features"]
    assert len(display["name"]) <= 35
    assert len(display["description"]) <= 140
    assert all(len(one["usage_hint"]) <= 1000 for one in features["slash_commands"])
    assert all(len(one["name"]) <= 24 for one in features["shortcuts"])
