"""The tone and the budget of UX.md's head, held by every sentence; and the pieces messages are made of."""

import ast
import inspect
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slackblocks import _limits

from bot.slack import actions as ids
from bot.slack import blocks
from bot.slack.cards import card
from bot.slack.direct import direct
from bot.slack.words import buttons, forms, lists, problems
from bot.slack.words.small import (
    about,
    capital,
    cloud_name,
    counted,
    inner,
    join,
    some,
    spoken_duration,
)
from bot.views import RequestView
from policies.values import CloudName, RoleName
from tests.bot import views_builder as views
from tests.bot.many_clouds import EVERY

WORDS = Path(inspect.getfile(buttons)).parent

# The tone ---------------------------------------------------------------------------------------------

BLAME = {"please", "sorry", "oops", "invalid", "illegal", "wrong", "failed", "error", "mistake", "forbidden"}
JARGON = {"provision", "revoke", "ttl", "entitlement", "binding", "jit", "principal", "quorum", "payload"}


def literals(path: Path) -> list[str]:
    """Every piece of text in a file, docstrings apart."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    documentation = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    constants = (node for node in nodes if isinstance(node, ast.Constant) and id(node) not in documentation)
    return [node.value for node in constants if isinstance(node.value, str)]


@pytest.mark.parametrize("path", sorted(WORDS.glob("*.py")), ids=lambda path: path.stem)
def test_the_tone_is_plain_and_blames_nobody(path: Path):
    for text in (text for text in literals(path) if " " in text):
        assert "!" not in text
        assert not (BLAME | JARGON) & set(re.findall(r"[a-z]+", text.lower()))


def test_people_deny_and_rules_do_not_allow():
    assert "Denied" in views.read(drawn(views.denied()))[0]
    assert "the rules do not allow it" in views.read(drawn(views.overruled()))[0]


@pytest.mark.parametrize("name", EVERY)
def test_an_emoji_never_stands_without_its_word(name: str):
    for line in views.read(drawn(EVERY[name]())):
        for emoji in re.findall(r"[⏳⚙🔓🔒⛔➖💤↩⚠✅]\ufe0f?(.{0,3})", line):
            assert re.match(r" \*?\w", emoji)


@pytest.mark.parametrize("name", EVERY)
def test_every_time_has_a_zone_where_it_is_read_aloud(name: str):
    text = drawn(EVERY[name]()).text
    assert re.findall(r"(?<!at )\b\d\d:\d\d(?::\d\d)?(?! UTC|[:\d])", text) == []


# The budget -------------------------------------------------------------------------------------------

UX_S_OWN = {"lapsed"}
"""UX.md's line for it has 13 words."""


def drawn(view: RequestView) -> blocks.Message:
    return card(view, now=views.NOW, token=views.TOKEN)


@pytest.mark.parametrize("name", EVERY)
def test_a_title_has_12_words(name: str):
    title = views.read(drawn(EVERY[name]()))[0].removesuffix(" [End now]")
    assert views.word_count(title) <= 12 + (name in UX_S_OWN)


@pytest.mark.parametrize("name", EVERY)
def test_small_print_has_22_words_and_a_field_8(name: str):
    lines = views.read(drawn(EVERY[name]()))
    assert all(views.word_count(line) <= 22 for line in lines if line.startswith("· "))
    for line in lines:
        assert all(views.word_count(field) <= 8 for field in line.split(" │ ")[1:])


@pytest.mark.parametrize("name", EVERY)
def test_a_button_has_4_words_and_24_signs(name: str):
    view = EVERY[name]()
    messages = [drawn(view), direct(view, now=views.NOW, token=views.TOKEN)]
    for button in views.pressable([one.blocks for one in messages if one]):
        text = button.get("text", {"text": ""})["text"]
        assert len(text) <= buttons.BUTTON_SIGNS
        assert len(text.split()) <= 4


@pytest.mark.parametrize(
    "text",
    [
        buttons.change_to(timedelta(hours=1, minutes=30)),
        buttons.ask_for(RoleName("prod-db-readonly")),
        buttons.ask_for(RoleName("prod-warehouse-night-operator")),
        buttons.ask_for_duration(timedelta(hours=1, minutes=30)),
        buttons.show("waiting"),
        forms.ASK_TITLE,
        forms.DENY_TITLE,
        buttons.SEND,
        buttons.START_ACCESS,
    ],
)
def test_every_other_button_and_title_fits_24_signs(text: str):
    assert len(text) <= 24
    assert len(text.split()) <= 6


@pytest.mark.parametrize(
    "sentence",
    [
        problems.external(),
        problems.guest(),
        problems.unlinked("U07AB12"),
        problems.did_not_work("e-51c2"),
        problems.card_not_posted(views.waiting()),
        *(lists.in_a_later_version(word) for word in ("why", "emergency", "incident")),
    ],
)
def test_a_reply_has_3_short_sentences(sentence: str):
    assert views.word_count(sentence) <= 35
    assert len(re.findall(r"[.?](?= |$)", sentence)) <= 3


# Small words ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (3600, "1 hour"),
        (5400, "1 hour 30 minutes"),
        (2 * 86_400, "2 days"),
        (86_400, "1 day"),
        (45, "45 seconds"),
        (1, "1 second"),
    ],
)
def test_durations_are_spoken(seconds: int, said: str):
    assert spoken_duration(timedelta(seconds=seconds)) == said


def test_durations_are_remembered_in_minutes():
    assert about(timedelta(minutes=36, seconds=45)) == "37 min"
    assert about(timedelta(minutes=14, seconds=59)) == "15 min"
    assert about(timedelta(seconds=45)) == "45 s"


def test_lists_are_joined_as_they_are_said():
    assert join([]) == ""
    assert join(["a"]) == "a"
    assert join(["a", "b", "c"], "or") == "a, b or c"
    assert some(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"


def test_sentences_fit_into_others():
    assert inner("Reading is safe.") == "reading is safe"
    assert inner("AWS is read only.") == "AWS is read only"
    assert capital("") == ""
    assert (counted(2), counted(11)) == ("two", "11")


def test_clouds_have_names():
    clouds = ("aws", "gcp", "azure", "identity-center")
    names = ["AWS", "Google Cloud", "Azure", "AWS Identity Center"]
    assert [cloud_name(CloudName(one)) for one in clouds] == names
    assert cloud_name(CloudName("<oracle>")) == "&lt;oracle&gt;"


# The pieces of messages -------------------------------------------------------------------------------


def test_our_limits_are_slacks():
    ours_and_theirs = {
        blocks.TEXT_MOST: _limits.SECTION_TEXT_MAX_LENGTH,
        blocks.BUTTON_MOST: _limits.BUTTON_TEXT_MAX_LENGTH,
        blocks.LABEL_MOST: _limits.BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH,
        blocks.OPTION_MOST: _limits.OPTION_TEXT_MAX_LENGTH,
        blocks.HEADER_MOST: _limits.HEADER_TEXT_MAX_LENGTH,
        blocks.PLACEHOLDER_MOST: _limits.SELECT_PLACEHOLDER_MAX_LENGTH,
        blocks.TITLE_MOST: _limits.VIEW_TITLE_MAX_LENGTH,
        blocks.BLOCKS_MOST: _limits.MESSAGE_BLOCKS_MAX_ITEMS,
    }
    assert all(ours <= theirs for ours, theirs in ours_and_theirs.items())


@given(st.text())
def test_clean_text_is_one_line_of_visible_signs(text: str):
    cleaned = blocks.clean(text)
    assert cleaned == blocks.clean(cleaned)
    assert not re.search(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u2028\u2029]", cleaned)
    assert "  " not in cleaned


def test_clean_keeps_what_people_mean():
    assert blocks.clean("naïve “quotes” — 数据库 🙂\n\tdone ") == "naïve “quotes” — 数据库 🙂 done"


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_clipped_text_is_never_longer(text: str, most: int):
    assert len(blocks.clip(text, most)) <= most


@given(st.text())
def test_escaped_text_means_nothing_to_slack(text: str):
    assert "<" not in blocks.escape(text)
    assert ">" not in blocks.escape(text)


def test_moments_are_each_readers_own():
    now = datetime(2026, 11, 24, 14, 2, tzinfo=UTC)
    assert blocks.when(now, now) == f"<!date^{int(now.timestamp())}^{{time}}|14:02 UTC>"
    assert "{time_secs}|14:02:00 UTC" in blocks.when_exactly(now)
    assert "{time_secs}|14:02:00 UTC" in blocks.when_exactly(now, now)
    assert "|26 Nov at 14:02 UTC" in blocks.when_exactly(now + timedelta(days=2), now)


def test_markup_is_read_aloud_without_its_signs():
    now = datetime(2026, 11, 24, 14, 2, tzinfo=UTC)
    marked = f"*Live* until {blocks.when(now, now)}, `end` or <https://x.example|page>"
    assert blocks.spoken(marked) == "Live until 14:02 UTC, end or page"


def test_a_header_is_cut_to_what_slack_takes():
    assert len(str(blocks.header("h" * 200)["text"])) < 250
    assert views.problems(blocks.message("a", blocks.header("h" * 200))) == []


def test_nothing_at_all_is_still_something_to_see():
    assert blocks.plain("\u200b")["text"] == "…"


# What travels in values -------------------------------------------------------------------------------


def test_values_are_read_back_as_they_were_written():
    hour = timedelta(hours=1)
    assert ids.read_menu_value(ids.menu_value(ids.WITHDRAW, "tok")) == (ids.WITHDRAW, "tok")
    assert ids.read_role_value(ids.role_value(RoleName("prod-logs"), hour)) == ("prod-logs", hour)
    assert ids.read_role_value(ids.role_value(RoleName("prod-logs"))) == ("prod-logs", None)
    assert ids.read_duration_value(ids.duration_value("tok", hour)) == ("tok", hour)


@pytest.mark.parametrize("odd", ["", "tok", "tok ", " 1h", "tok long"])
def test_values_we_never_made_are_nothing(odd: str):
    assert ids.read_duration_value(odd) is None
    assert ids.read_menu_value("") is None
    assert ids.read_role_value("prod-logs long") == ("prod-logs", None)


def test_names_of_actions_and_blocks_are_told_apart():
    names = [value for name, value in vars(ids).items() if name.isupper() and isinstance(value, str)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z_]{2,30}", name) for name in names)
