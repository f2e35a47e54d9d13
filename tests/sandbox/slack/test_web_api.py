"""The Web API through the real slack_sdk: what it does, and every refusal."""

import json

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from sandbox.slack.person import Person
from sandbox.slack.server import Running
from sandbox.slack.world import APP_TOKEN, BOT_TOKEN, OTHER_BOT_TOKEN, WIDE_BOT_TOKEN

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}
BUTTONS = {
    "type": "actions",
    "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Approve"}, "action_id": "yes"}],
}


@pytest.fixture
def bot(quiet: Running) -> WebClient:
    return WebClient(BOT_TOKEN, base_url=quiet.api_url)


@pytest.fixture
def wide(quiet: Running) -> WebClient:
    return WebClient(WIDE_BOT_TOKEN, base_url=quiet.api_url)


@pytest.fixture
def other(quiet: Running) -> WebClient:
    return WebClient(OTHER_BOT_TOKEN, base_url=quiet.api_url)


def refused(client: WebClient, method: str, **args: object) -> SlackResponse:
    """The answer of a call that must fail."""
    with pytest.raises(SlackApiError) as error:
        client.api_call(method, json=args)
    response: SlackResponse = error.value.response
    return response


def says(client: WebClient, method: str, **args: object) -> str:
    """The error word of a call that must fail."""
    return str(refused(client, method, **args)["error"])


def asked(client: WebClient, method: str, **args: object) -> str:
    """The error word of a form-encoded call that must fail."""
    with pytest.raises(SlackApiError) as error:
        client.api_call(method, params=args)
    return str(error.value.response["error"])


def test_auth_test_tells_who_we_are(bot: WebClient):
    answer = bot.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == (
        "T0MERIDIAN",
        "U0PRODACCESS",
        "B0PRODACCESS",
    )
    assert "chat:write" in answer.headers["x-oauth-scopes"]


def test_no_token(quiet: Running):
    assert httpx.post(f"{quiet.api_url}auth.test").json()["error"] == "not_authed"


def test_unknown_token(quiet: Running):
    assert says(WebClient("xoxb-not-ours", base_url=quiet.api_url), "auth.test") == "invalid_auth"


def test_app_token_may_not_post(quiet: Running):
    client = WebClient(APP_TOKEN, base_url=quiet.api_url)
    assert says(client, "chat.postMessage", channel="C0DB", text="x") == "not_allowed_token_type"


def test_bot_token_may_not_open_sockets(bot: WebClient):
    assert says(bot, "apps.connections.open") == "not_allowed_token_type"


def test_token_in_a_form(quiet: Running):
    assert httpx.post(f"{quiet.api_url}auth.test", data={"token": BOT_TOKEN}).json()["ok"] is True


def test_revoked_token(here: Running, client: WebClient):
    Person("U0ANA", here.base_url).page.post("app", revoked=True)
    assert says(client, "auth.test") == "token_revoked"


def test_unknown_method(bot: WebClient):
    answer = refused(bot, "chat.shout")
    assert (answer["error"], answer["req_method"]) == ("unknown_method", "chat.shout")


def test_missing_scope_names_what_is_needed(bot: WebClient):
    with pytest.raises(SlackApiError) as error:
        bot.conversations_replies(channel="C0DB", ts="1.000100")
    assert error.value.response["error"] == "missing_scope"
    assert error.value.response["needed"] == "channels:history"


def test_missing_field(bot: WebClient):
    answer = refused(bot, "chat.postMessage", text="x")
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]


def test_broken_json(quiet: Running):
    headers = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "application/json"}
    answers = [
        httpx.post(f"{quiet.api_url}auth.test", content=body, headers=headers).json()["error"]
        for body in ("{", "[]")
    ]
    assert answers == ["invalid_json", "json_not_object"]


def test_other_content_types(quiet: Running):
    headers = {"Authorization": f"Bearer {BOT_TOKEN}", "Content-Type": "text/csv"}
    answer = httpx.post(f"{quiet.api_url}auth.test", content="a,b", headers=headers).json()
    assert answer["error"] == "invalid_post_type"


def test_reading_methods_do_not_read_json(bot: WebClient):
    assert says(bot, "users.info", user="U0ANA") == "invalid_arguments"
    assert bot.users_info(user="U0ANA")["ok"] is True


def test_post_and_edit(bot: WebClient, quiet: Running):
    posted = bot.chat_postMessage(channel="C0DB", text="Waiting", blocks=[SECTION, BUTTONS])
    assert posted["channel"] == "C0DB"
    assert [block["type"] for block in posted["message"]["blocks"]] == ["section", "actions"]
    assert all(block["block_id"] for block in posted["message"]["blocks"])
    bot.chat_update(channel="C0DB", ts=posted["ts"], text="Live", blocks=[SECTION])
    seen = Person("U0BEN", quiet.base_url).message("C0DB", "Live")
    assert seen is not None
    assert (seen.ts, seen.buttons, seen.edited) == (posted["ts"], (), False)


def test_blocks_in_a_form(bot: WebClient):
    answer = bot.api_call(
        "chat.postMessage", params={"channel": "C0DB", "text": "x", "blocks": json.dumps([SECTION])}
    )
    assert answer["message"]["blocks"][0]["text"]["text"] == "hello"


def test_text_without_blocks_removes_the_blocks(bot: WebClient):
    ts = bot.chat_postMessage(channel="C0DB", text="a", blocks=[SECTION])["ts"]
    message = bot.chat_update(channel="C0DB", ts=ts, text="b")["message"]
    assert "blocks" not in message
    assert "edited" in message


def test_metadata_stays_until_it_is_emptied(bot: WebClient, wide: WebClient):
    metadata = {"event_type": "request", "event_payload": {"id": "pa-7k3m"}}
    ts = bot.chat_postMessage(channel="C0DB", text="a", metadata=metadata)["ts"]
    bot.chat_update(channel="C0DB", ts=ts, text="b")

    def read(**more: object) -> object:
        return wide.conversations_replies(channel="C0DB", ts=ts, **more)["messages"][0].get("metadata")

    assert read(include_all_metadata=True) == metadata
    assert read() is None
    bot.chat_update(channel="C0DB", ts=ts, text="c", metadata={})
    assert read(include_all_metadata=True) is None


def test_broken_metadata(bot: WebClient):
    assert says(bot, "chat.postMessage", channel="C0DB", text="x", metadata={"id": "x"}) == (
        "invalid_metadata_format"
    )


def test_channel_by_name(bot: WebClient):
    assert bot.chat_postMessage(channel="#prod-access-db", text="x")["channel"] == "C0DB"


@pytest.mark.parametrize(
    ("channel", "error"),
    [("C0NOWHERE", "channel_not_found"), ("C0GENERAL", "not_in_channel"), ("C0PARTNER", "not_in_channel")],
)
def test_channels_the_app_may_not_post_in(bot: WebClient, channel: str, error: str):
    assert says(bot, "chat.postMessage", channel=channel, text="x") == error


def test_a_private_channel_without_the_app_is_not_found(here: Running, client: WebClient):
    page = Person("U0ANA", here.base_url).page
    page.post("members", channel="C0SECURITY", user="U0PRODACCESS", **{"in": False})
    assert says(client, "chat.postMessage", channel="C0SECURITY", text="x") == "channel_not_found"
    assert asked(client, "conversations.info", channel="C0SECURITY") == "channel_not_found"


def test_an_archived_channel(here: Running, client: WebClient):
    ts = client.chat_postMessage(channel="C0DB", text="x")["ts"]
    Person("U0ANA", here.base_url).page.post("channels", id="C0DB", is_archived=True)
    assert says(client, "chat.postMessage", channel="C0DB", text="x") == "is_archived"
    assert says(client, "chat.update", channel="C0DB", ts=ts, text="x") == "is_inactive"


def test_nothing_to_say(bot: WebClient):
    assert says(bot, "chat.postMessage", channel="C0DB") == "no_text"


def test_post_text_is_cut_at_40000(bot: WebClient):
    assert len(bot.chat_postMessage(channel="C0DB", text="x" * 40_001)["message"]["text"]) == 40_000


def test_update_text_over_4000(bot: WebClient):
    ts = bot.chat_postMessage(channel="C0DB", text="x")["ts"]
    assert bot.chat_update(channel="C0DB", ts=ts, text="x" * 4000)["ok"] is True
    assert says(bot, "chat.update", channel="C0DB", ts=ts, text="x" * 4001) == "msg_too_long"


def test_invalid_blocks_say_where(bot: WebClient):
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]
    answer = refused(bot, "chat.postMessage", channel="C0DB", text="x", blocks=blocks)
    assert answer["error"] == "invalid_blocks"
    assert answer["errors"] == ["must be less than 3001 characters [json-pointer:/blocks/0/text/text]"]


def test_blocks_that_are_no_json(bot: WebClient):
    assert asked(bot, "chat.postMessage", channel="C0DB", blocks="[{") == "invalid_blocks_format"
    assert says(bot, "chat.postMessage", channel="C0DB", blocks={"a": 1}) == "invalid_blocks_format"


def test_too_much_text_in_blocks(bot: WebClient):
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2700}}] * 5
    assert says(bot, "chat.postMessage", channel="C0DB", text="x", blocks=blocks) == "msg_blocks_too_long"


def test_too_many_attachments(bot: WebClient):
    attachments = [{"text": "x"}] * 101
    assert says(bot, "chat.postMessage", channel="C0DB", attachments=attachments) == "too_many_attachments"


def test_only_own_messages_can_be_edited_or_deleted(bot: WebClient, other: WebClient):
    ts = other.chat_postMessage(channel="C0DB", text="mine")["ts"]
    assert says(bot, "chat.update", channel="C0DB", ts=ts, text="x") == "cant_update_message"
    assert says(bot, "chat.delete", channel="C0DB", ts=ts) == "cant_delete_message"


def test_a_message_that_is_gone(bot: WebClient):
    ts = bot.chat_postMessage(channel="C0DB", text="x")["ts"]
    bot.chat_delete(channel="C0DB", ts=ts)
    assert says(bot, "chat.update", channel="C0DB", ts=ts, text="x") == "message_not_found"
    assert says(bot, "chat.delete", channel="C0DB", ts=ts) == "message_not_found"


def test_update_needs_a_channel_id(bot: WebClient):
    ts = bot.chat_postMessage(channel="U0ANA", text="x")["ts"]
    assert says(bot, "chat.update", channel="U0ANA", ts=ts, text="y") == "channel_not_found"
    assert bot.chat_update(channel="D0ANA", ts=ts, text="y")["ok"] is True


def test_timestamps_are_unique_only_within_a_channel(bot: WebClient):
    here = [bot.chat_postMessage(channel="C0AUDIT", text="x")["ts"] for _ in range(3)]
    assert len(set(here)) == 3
    assert all(len(ts) == 17 for ts in here)


def test_direct_messages_need_only_chat_write(bot: WebClient):
    posted = bot.chat_postMessage(channel="U0IVY", text="for you")
    assert posted["channel"] == "D0IVY"
    assert bot.chat_postMessage(channel="D0IVY", text="more")["ok"] is True


@pytest.mark.parametrize(
    ("user", "error"),
    [
        ("U0NOBODY", "channel_not_found"),
        ("U0OLD", "channel_not_found"),
        ("U0OTHERBOT", "cannot_dm_bot"),
        ("U0HUGO", "channel_not_found"),
    ],
)
def test_people_who_cannot_be_written_to(bot: WebClient, user: str, error: str):
    assert says(bot, "chat.postMessage", channel=user, text="x") == error


def test_messages_tab_switched_off(here: Running, client: WebClient):
    Person("U0ANA", here.base_url).page.post("app", messages_tab=False)
    assert says(client, "chat.postMessage", channel="U0ANA", text="x") == "messages_tab_disabled"


def test_a_thread_and_a_broadcast_reply(bot: WebClient, wide: WebClient, quiet: Running):
    parent = bot.chat_postMessage(channel="C0INC42", text="card")["ts"]
    bot.chat_postMessage(channel="C0INC42", text="step one", thread_ts=parent)
    bot.chat_postMessage(channel="C0INC42", text="step two", thread_ts=parent, reply_broadcast=True)
    thread = wide.conversations_replies(channel="C0INC42", ts=parent)["messages"]
    assert [one["text"] for one in thread] == ["card", "step one", "step two"]
    ana = Person("U0ANA", quiet.base_url)
    shown = [one.text for one in ana.sees("C0INC42")]
    assert "step two" in shown
    assert "step one" not in shown
    card = ana.message("C0INC42", "card")
    assert card is not None
    assert card.reply_count == 2
    assert [one.text for one in ana.thread(card)] == ["step one", "step two"]


def test_a_thread_survives_its_parent(bot: WebClient):
    parent = bot.chat_postMessage(channel="C0INC42", text="card")["ts"]
    bot.chat_delete(channel="C0INC42", ts=parent)
    assert bot.chat_postMessage(channel="C0INC42", text="late", thread_ts=parent)["ok"] is True


def test_threads_that_are_none(bot: WebClient):
    parent = bot.chat_postMessage(channel="C0INC42", text="card")["ts"]
    reply = bot.chat_postMessage(channel="C0INC42", text="step", thread_ts=parent)["ts"]
    assert says(bot, "chat.postMessage", channel="C0INC42", text="x", thread_ts="1.000100") == (
        "thread_not_found"
    )
    assert says(bot, "chat.postMessage", channel="C0INC42", text="x", thread_ts=reply) == (
        "cannot_reply_to_message"
    )


def test_ephemeral_is_for_one_person_and_gone_after_a_reload(bot: WebClient, quiet: Running):
    ana, ben = Person("U0ANA", quiet.base_url), Person("U0BEN", quiet.base_url)
    ts = bot.chat_postEphemeral(channel="C0PRODACCESS", user="U0ANA", text="only you")["message_ts"]
    seen = ana.message("C0PRODACCESS", "only you")
    assert seen is not None
    assert seen.only_you
    assert ben.message("C0PRODACCESS", "only you") is None
    assert says(bot, "chat.update", channel="C0PRODACCESS", ts=ts, text="x") == "message_not_found"
    ana.reloads()
    assert ana.message("C0PRODACCESS", "only you") is None


def test_ephemeral_in_a_thread_shows_only_when_the_thread_is_active(bot: WebClient, quiet: Running):
    ana = Person("U0ANA", quiet.base_url)
    parent = bot.chat_postMessage(channel="C0PRODACCESS", text="card")["ts"]
    bot.chat_postEphemeral(channel="C0PRODACCESS", user="U0ANA", text="psst", thread_ts=parent)
    assert ana.message("C0PRODACCESS", "psst", thread=parent) is None
    bot.chat_postMessage(channel="C0PRODACCESS", text="step", thread_ts=parent)
    assert ana.message("C0PRODACCESS", "psst", thread=parent) is not None


@pytest.mark.parametrize(
    ("channel", "user", "error"),
    [
        ("C0DB", "U0HUGO", "user_not_in_channel"),
        ("C0DB", "U0NOBODY", "user_not_in_channel"),
        ("C0GENERAL", "U0ANA", "not_in_channel"),
        ("C0NOWHERE", "U0ANA", "channel_not_found"),
    ],
)
def test_ephemerals_that_cannot_be(bot: WebClient, channel: str, user: str, error: str):
    assert says(bot, "chat.postEphemeral", channel=channel, user=user, text="x") == error


def test_permalink(bot: WebClient):
    ts = bot.chat_postMessage(channel="C0DB", text="x")["ts"]
    link = bot.chat_getPermalink(channel="C0DB", message_ts=ts)["permalink"]
    assert link == f"https://meridian.slack.com/archives/C0DB/p{ts.replace('.', '')}"
    assert asked(bot, "chat.getPermalink", channel="C0DB", message_ts="1.000100") == "message_not_found"


def test_users_carry_every_identity_flag(wide: WebClient):
    ana = wide.users_info(user="U0ANA")["user"]
    assert (ana["team_id"], ana["is_restricted"], ana["is_email_confirmed"]) == ("T0MERIDIAN", False, True)
    assert ana["profile"]["email"] == "ana@meridian.example"
    hugo = wide.users_info(user="U0HUGO")["user"]
    assert (hugo["team_id"], hugo["is_stranger"]) == ("T0NORTHWIND", False)
    assert wide.users_info(user="U0GWEN")["user"]["is_restricted"] is True
    old = wide.users_info(user="U0OLD")["user"]
    assert old["deleted"] is True
    assert "is_restricted" not in old
    assert wide.users_info(user="U0OTHERBOT")["user"]["is_bot"] is True


def test_a_user_nobody_knows(bot: WebClient):
    assert asked(bot, "users.info", user="U0NOBODY") == "user_not_found"


def test_lookup_by_email_finds_only_own_active_people(wide: WebClient):
    assert wide.users_lookupByEmail(email="BEN@meridian.example")["user"]["id"] == "U0BEN"
    for email in ("oskar@meridian.example", "hugo@northwind.example", "nobody@meridian.example"):
        assert asked(wide, "users.lookupByEmail", email=email) == "users_not_found"


def test_users_come_in_pages(bot: WebClient):
    first = bot.users_list(limit=5)
    cursor = first["response_metadata"]["next_cursor"]
    rest = bot.users_list(limit=50, cursor=cursor)
    names = [one["id"] for one in (*first["members"], *rest["members"])]
    assert len(names) == len(set(names)) == 14
    assert rest["response_metadata"]["next_cursor"] == ""
    assert asked(bot, "users.list", cursor="bm9uc2Vuc2U=") == "invalid_cursor"


def test_usergroups(wide: WebClient):
    groups = wide.usergroups_list(include_users=True)["usergroups"]
    assert {group["handle"]: group["users"] for group in groups}["db-oncall"] == ["U0BEN"]
    assert wide.usergroups_users_list(usergroup="S0SECURITY")["users"] == ["U0EMI"]
    assert asked(wide, "usergroups.users.list", usergroup="S0NONE") == "no_such_subteam"


def test_conversations(bot: WebClient):
    partner = bot.conversations_info(channel="C0PARTNER")["channel"]
    assert (partner["is_ext_shared"], partner["is_member"]) == (True, False)
    assert "U0HUGO" in bot.conversations_members(channel="C0PARTNER")["members"]
    public = [one["id"] for one in bot.conversations_list()["channels"]]
    assert "C0GENERAL" in public
    assert "C0SECURITY" not in public
    private = bot.conversations_list(types="private_channel")["channels"]
    assert [one["id"] for one in private] == ["C0SECURITY"]
    assert asked(bot, "conversations.info", channel="C0NOWHERE") == "channel_not_found"


def test_opening_direct_messages(wide: WebClient):
    assert wide.conversations_open(users="U0EMI")["channel"]["id"] == "D0EMI"
    assert wide.conversations_open(users="U0EMI", return_im=True)["already_open"] is True


@pytest.mark.parametrize(
    ("users", "error"),
    [
        ("", "users_list_not_supplied"),
        ("U0NOBODY", "user_not_found"),
        ("U0OLD", "user_disabled"),
        ("U0OTHERBOT", "cannot_dm_bot"),
        ("U0HUGO", "user_not_visible"),
        ("U0ANA,U0BEN", "method_not_supported_for_channel_type"),
    ],
)
def test_direct_messages_that_cannot_be(wide: WebClient, users: str, error: str):
    assert asked(wide, "conversations.open", users=users) == error


def test_direct_messages_are_not_readable_without_scope(bot: WebClient, wide: WebClient):
    wide.conversations_open(users="U0EMI")
    assert asked(bot, "conversations.info", channel="D0EMI") == "missing_scope"


def test_home_is_published(bot: WebClient, quiet: Running):
    view = bot.views_publish(user_id="U0CHLOE", view={"type": "home", "blocks": [SECTION]})["view"]
    home = Person("U0CHLOE", quiet.base_url).home()
    assert home is not None
    assert home.says("hello")
    again = {"user_id": "U0CHLOE", "view": {"type": "home", "blocks": [SECTION]}}
    assert says(bot, "views.publish", **again, hash="1.old") == "hash_conflict"
    assert bot.views_publish(**again, hash=view["hash"])["view"]["id"] == view["id"]


def test_home_for_nobody(bot: WebClient):
    answer = refused(bot, "views.publish", user_id="U0NOBODY", view={"type": "home", "blocks": []})
    assert answer["response_metadata"]["messages"] == ["[ERROR] invalid `user_id`"]


def test_home_tab_switched_off(here: Running, client: WebClient):
    Person("U0ANA", here.base_url).page.post("app", home_tab=False)
    view = {"type": "home", "blocks": []}
    assert says(client, "views.publish", user_id="U0ANA", view=view) == "not_enabled"


def test_whom_a_message_calls(bot: WebClient, quiet: Running):
    ana = Person("U0ANA", quiet.base_url)

    def called(**said: object) -> tuple[str, ...]:
        ts = bot.chat_postMessage(channel="C0DB", **said)["ts"]
        return next(one.pings for one in ana.sees("C0DB") if one.ts == ts)

    assert called(text="<@U0BEN> and <!subteam^S0DBONCALL> and <@U0HUGO>") == ("U0BEN",)
    assert called(text="@here") == ()
    assert "U0GWEN" in called(text="<!here>")
    typed_by_a_person = {"type": "section", "text": {"type": "mrkdwn", "text": "reason: @here"}}
    assert "U0GWEN" in called(text="x", blocks=[typed_by_a_person])
    harmless = {"type": "section", "text": {"type": "plain_text", "text": "reason: @here <!here>"}}
    assert called(text="<!here>", blocks=[harmless]) == ()
