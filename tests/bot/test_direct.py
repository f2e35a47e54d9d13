"""The direct message: how to use what one has, what became of it, and when it may ring."""

import json
from datetime import timedelta

import pytest

from bot.slack import actions as ids
from bot.slack.blocks import Message
from bot.slack.direct import CLOUDS_MOST, direct, ping
from bot.views import CardState, RequestView, Room, YesView
from policies.grant import GrantState
from policies.request import RequestState
from tests.bot import many_clouds as many
from tests.bot import views_builder as views
from tests.bot.many_clouds import EVERY

HOW = [
    (
        "    aws configure set profile.pa-7k3m.role_arn"
        " arn:aws:iam::111122223333:role/prod-access/prod-db-readonly-7k3m"
    ),
    "    aws configure set profile.pa-7k3m.source_profile default",
    "    aws --profile pa-7k3m rds describe-db-instances",
]
BY_ITSELF = "It ends by itself. Nothing secret is ever sent here."
END = ["[End now]", f"· You are warned at {{14:53}}. {BY_ITSELF}"]
WHICH = "· prod-db-readonly · 1 h · pa-7k3m"

MESSAGES: dict[str, list[str]] = {
    "live": [
        "🔓 *You have prod-db-readonly until {15:03}.* Ben Okafor approved it.",
        "*AWS* · live, works now · account shop-prod [Open AWS]",
        *HOW,
        *END,
    ],
    "at once": [
        "🔓 *You have prod-db-readonly until {15:03}.* Nobody needed to be asked.",
        "*AWS* · live, works now · account shop-prod [Open AWS]",
        *HOW,
        *END,
    ],
    "ending": ["🔒 *prod-db-readonly is ending.* AWS asked, not yet confirmed.", WHICH],
    "stuck": [
        (
            "⚠️ *prod-db-readonly is stuck: AWS has not ended.* It was due {15:03} and is tried"
            " until it is gone. You may still get in."
        ),
        WHICH,
    ],
    "ended": ["🔒 *Ended {15:03}* · prod-db-readonly · held 1 h", "· pa-7k3m"],
    "ended early": [
        "🔒 *Ended early by Dev Patel:* prod-db-readonly. Ask again if you still need it.",
        "[Ask again]",
        WHICH,
    ],
    "found again": ["🔒 *prod-db-readonly is ending.* AWS being taken back.", WHICH],
    "denied": [
        'Denied by Ben Okafor: "replica is being rebuilt, try at 16:00".',
        "[Ask again]",
        WHICH,
    ],
    "lapsed": ["Nobody answered by {14:32}, so nothing was given.", "[Ask again]", WHICH],
    "rolled back": ["Not given: AWS said no: limit exceeded. Nothing is left behind.", "[Ask again]", WHICH],
    "three rolled back": [
        "Not given: Azure said no: role assignment limit exceeded. Nothing is left behind.",
        "[Ask again]",
        WHICH,
    ],
    "three ending": [
        (
            "🔒 *prod-db-readonly is ending.* AWS gone {15:03:23} · Google Cloud gone {15:03:22}"
            " · Azure asked, not yet confirmed."
        ),
        WHICH,
    ],
    "three ended": ["🔒 *Ended {15:03}* · prod-db-readonly · held 1 h", "· pa-7k3m"],
    "overruled": [
        "Not given: the rules do not allow it now. Nothing is left behind.",
        "[Ask again]",
        WHICH,
    ],
    "on behalf": [
        "Dev Patel asked for prod-operator, 30 min, for you (INC-42).",
        "[Decline]",
        "· prod-operator · 30 min · pa-7k3m",
    ],
}


def draw(view: RequestView) -> Message | None:
    return direct(view, now=views.NOW, token=views.TOKEN)


def drawn(view: RequestView) -> Message:
    message = draw(view)
    assert message is not None
    assert views.problems(message) == []
    return message


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_reads_as_ux_writes_it(name: str):
    assert views.read(drawn(EVERY[name]())) == MESSAGES[name]


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_has_45_words_besides_its_commands(name: str):
    lines = [line for line in views.read(drawn(EVERY[name]())) if not line.startswith("    ")]
    assert sum(views.word_count(line) for line in lines) <= 45


@pytest.mark.parametrize("name", ["waiting", "one of two", "nobody can", "starting", "withdrawn"])
def test_there_is_no_message_while_there_is_nothing_to_know(name: str):
    assert draw(EVERY[name]()) is None


def test_the_console_opens_in_the_leased_role():
    link = views.pressable(drawn(views.live()).blocks)[0]
    assert link["action_id"] == ids.OPEN_CLOUD
    assert link["url"] == (
        "https://signin.aws.amazon.com/switchrole?account=111122223333"
        "&roleName=prod-access/prod-db-readonly-7k3m&displayName=pa-7k3m"
    )


AWS_LINES = ["*AWS* · live, works now · account shop-prod [Open AWS]", *HOW]
GOOGLE = "*Google Cloud* · live, may not work before {14:10} · your own account [Open Google Cloud]"
GCLOUD = "    gcloud sql instances list --project shop-prod"
AZ_LOGIN = "your own account; refused at first? run az login again [Open Azure]"
AZ = (
    "    az postgres flexible-server list --resource-group prod"
    " --subscription 10000000-0000-4000-8000-000000000001"
)


def test_three_clouds_are_opened_and_used_each_in_its_own_way():
    assert views.read(drawn(many.two_of_three())) == [
        "🔓 *You have prod-db-readonly until {15:03}.* Ben Okafor approved it.",
        *AWS_LINES,
        GOOGLE,
        GCLOUD,
        f"*Azure* · starting, up to 10 min · {AZ_LOGIN}",
        AZ,
        *END,
    ]
    settled = direct(many.live(), now=many.later(20), token=views.TOKEN)
    assert settled is not None
    assert views.read(settled)[5:9] == [
        "*Google Cloud* · live · your own account [Open Google Cloud]",
        GCLOUD,
        "*Azure* · live · your own account [Open Azure]",
        AZ,
    ]


def test_each_cloud_adds_no_more_words_than_its_own_line_needs():
    alone = sum(map(views.word_count, prose(views.live())))
    three = sum(map(views.word_count, prose(many.live(room=None))))
    assert alone <= 45
    assert three <= 45 + 2 * 20


def prose(view: RequestView) -> list[str]:
    return [line for line in views.read(drawn(view)) if not line.startswith("    ")]


def test_consoles_open_where_the_access_is():
    links = [button["url"] for button in views.pressable(drawn(many.live()).blocks) if "url" in button]
    assert links[1:] == [
        "https://console.cloud.google.com/?project=shop-prod",
        (
            "https://portal.azure.com/#@aaaabbbb-0000-cccc-1111-dddd2222eeee/resource"
            "/subscriptions/10000000-0000-4000-8000-000000000001/resourceGroups/prod"
        ),
    ]


@pytest.mark.parametrize(
    ("resource", "query"), [("folders/123456", "folder=123456"), ("organizations/99", "organizationId=99")]
)
def test_a_folder_of_google_is_opened_as_such_and_its_command_names_no_project(resource: str, query: str):
    target = many.BINDING.model_copy(update={"resource": resource})
    message = drawn(views.live(clouds=(many.there(target, **views.LIVE),)))
    assert views.pressable(message.blocks)[0]["url"].endswith(f"google.com/?{query}")
    assert "    gcloud sql instances list" in views.read(message)


def test_a_command_that_says_where_itself_is_left_alone():
    google, azure = many.live().clouds[1:]
    clouds = (
        google._replace(try_command="sql instances list --project other"),
        azure._replace(try_command="group list --subscription other"),
    )
    lines = views.read(drawn(many.live(clouds=clouds)))
    assert [lines[2], lines[4]] == [
        "    gcloud sql instances list --project other",
        "    az group list --subscription other",
    ]


def test_a_cloud_without_a_first_command_has_its_link_only():
    silent = tuple(one._replace(try_command=None) for one in many.live().clouds[1:])
    assert views.read(drawn(many.live(clouds=silent)))[1:3] == [
        GOOGLE,
        f"*Azure* · live, may take up to 10 min · {AZ_LOGIN}",
    ]


def test_identity_center_names_account_and_permission_set():
    view = views.live(clouds=(many.there(many.PERMISSION_SET, **views.LIVE),))
    assert views.read(drawn(view))[1:3] == [
        "*AWS Identity Center* · live · account shop-prod, permission set ProdReadOnly",
        "    aws sso login",
    ]


def test_two_places_in_one_cloud_are_told_apart():
    other = many.BINDING.model_copy(update={"alias": "tideline"})
    clouds = (*many.live().clouds, many.there(other, **views.LIVE))
    lines = views.read(drawn(many.live(clouds=clouds)))
    assert sum("· your own account in shop-prod [Open Google Cloud]" in line for line in lines) == 1
    assert sum("· your own account in tideline [Open Google Cloud]" in line for line in lines) == 1


def test_a_cloud_that_ends_before_the_rest_says_when():
    assert f"*Azure* · live, still ends {{15:03}} · {AZ_LOGIN}" in views.read(drawn(many.azure_kept()))
    over = views.read(drawn(many.azure_over()))
    assert "*Azure* · gone · your own account" in over
    assert AZ not in over
    ending = many.of(many.azure_over().clouds, 2, state=GrantState.ENDING)
    assert "*Azure* · ending · your own account" in views.read(drawn(many.azure_over(clouds=ending)))


def test_more_time_is_in_the_menu_while_there_is_any_and_none_was_asked_for():
    assert "[End now] (⋯ Ask for 30 min more)" in views.read(drawn(many.live()))
    at_once = many.live(room=Room(timedelta(minutes=20), None, needs_a_yes=False))
    assert "[End now] (⋯ Extend 20 min)" in views.read(drawn(at_once))
    for view in (many.live(room=None), many.live(room=Room(None, None, needs_a_yes=False))):
        assert "[End now]" in views.read(drawn(view))
    assert views.read(drawn(many.asks_for_more()))[-2:] == [
        "[End now]",
        (
            "· 30 min more is asked for. Ben Okafor, database on-call, was asked and has until {15:03}."
            f" You are warned at {{14:53}}. {BY_ITSELF}"
        ),
    ]
    assert views.read(drawn(many.extending()))[-1].startswith("· Extending to {15:33}. You are warned at")


def test_the_menu_carries_the_token():
    menu = views.pressable(drawn(many.live()).blocks)[-1]
    assert [option["value"] for option in menu["options"]] == ["extend tok-1"]


def test_once_warned_nobody_is_told_that_they_will_be():
    warned = views.approved(RequestState.ACTIVE, warned_at=views.clock("14:53:20"))
    assert views.read(drawn(views.live(request=warned)))[-1] == f"· {BY_ITSELF}"
    late = direct(views.live(), now=views.clock("14:58"), token=views.TOKEN)
    assert late is not None
    assert views.read(late)[-1] == f"· {BY_ITSELF}"


def test_several_accounts_have_a_profile_each():
    text = json.dumps(drawn(views.half_live()).blocks)
    assert "profile.pa-7k3m-1.role_arn" in text
    assert "profile.pa-7k3m-2.role_arn" in text
    assert "*AWS* · starting · account tideline [Open AWS]" in views.read(drawn(views.half_live()))


def test_a_role_without_a_first_command_has_none():
    silent = views.live().clouds[0]._replace(try_command=None)
    assert views.read(drawn(views.live(clouds=(silent,))))[2:4] == HOW[:2]


def test_a_cloud_we_know_nothing_of_is_named_only():
    bare = views.live().clouds[0]._replace(target=None)
    lines = views.read(drawn(views.live(clouds=(bare,))))
    assert lines[1] == "*AWS* · live, works now · account shop-prod [Open AWS]"
    planned = views.live().clouds[0]._replace(grant=None)
    assert views.read(drawn(views.live(clouds=(planned,))))[1:] == [
        "*AWS* · starting · account shop-prod",
        *END,
    ]


def test_a_role_of_many_accounts_still_fits():
    clouds = tuple(views.cloud(views.held(n, **views.LIVE), f"shop-{n}") for n in range(30))
    assert len(drawn(views.live(clouds=clouds)).blocks) == 2 * CLOUDS_MOST + 3


def behalf(state: CardState, **changes: object) -> RequestView:
    fixed = {"request": views.approved(), "state": state, "decided_by": views.CHLOE}
    return views.on_behalf(**{**fixed, **changes})


def test_what_somebody_else_asked_for_is_said_to_be_so():
    yes = (YesView(views.CHLOE, views.clock("14:03:20")),)
    starting = views.cloud(views.held(state=GrantState.GRANTING))
    assert views.read(drawn(behalf(CardState.STARTING, yeses=yes, clouds=(starting,)))) == [
        "⚙️ *prod-db-readonly is starting, until {15:03}.* Dev Patel asked for it. Chloe Martin approved it.",
        "[End now]",
        WHICH,
    ]
    assert views.read(drawn(behalf(CardState.LIVE))) == [
        "🔓 *You have prod-db-readonly until {15:03}.* Dev Patel asked for it. Nobody needed to be asked.",
        "*AWS* · starting · account shop-prod",
        *END,
    ]


def test_what_was_taken_back_by_the_asker_is_told_to_whom_it_was_for():
    view = behalf(CardState.WITHDRAWN)._replace(decided_by=views.DEV)
    assert views.read(drawn(view)) == ["➖ *Withdrawn by Dev Patel.* Nothing was given.", WHICH]
    assert views.read(drawn(view._replace(decided_by=None)))[0].startswith("➖ *Withdrawn by Dev Patel.*")


def test_a_reference_that_could_be_markup_is_left_out():
    view = views.on_behalf(request=views.ask(reference="<!here>"))
    assert views.read(drawn(view))[0] == "Dev Patel asked for prod-db-readonly, 1 h, for you."


def test_a_denial_without_a_reason_or_a_name_still_says_so():
    assert views.read(drawn(views.denied(note=None)))[0] == "Denied by Ben Okafor."
    assert views.read(drawn(views.denied(note=None, decided_by=None)))[0] == "Denied."


def test_what_is_not_gone_yet_is_not_called_gone():
    closing = views.cloud(views.held(**{**views.NEVER_LIVE, "state": GrantState.ENDING}))
    assert views.read(drawn(views.rolled_back(clouds=(closing,))))[0] == (
        "Not given: AWS said no: limit exceeded. All of it is being taken back."
    )


def test_what_the_holder_ended_is_not_news_to_them():
    assert views.read(drawn(views.ended_early(views.ANA)))[0] == (
        "🔒 *Ended {14:40}* · prod-db-readonly · held 37 min"
    )


@pytest.mark.parametrize("text", ["<!channel>", "*b* `c` @here", "a\u202eb\nc", "x" * 10_000, ""])
def test_a_note_stays_dead_text(text: str):
    hostile, tame = drawn(views.denied(note=text)), drawn(views.denied())
    assert views.texts(hostile.blocks) == views.texts(tame.blocks)
    assert not {"<", "\u202e", "\n"} & set(hostile.text)


@pytest.mark.parametrize("name", MESSAGES)
def test_buttons_carry_the_token_or_lead_elsewhere(name: str):
    for button in views.pressable(drawn(EVERY[name]()).blocks):
        assert button.get("value") == views.TOKEN or "url" in button


# When it rings ----------------------------------------------------------------------------------------

RINGS = {
    "three stuck": True,
    "three ended early": True,
    "three live": True,
    "asks for more": True,
    "extending": True,
    "extended": True,
    "azure kept": True,
    "azure over": True,
    "on behalf": True,
    "live": True,
    "at once": True,
    "half live": True,
    "stuck": True,
    "denied": True,
    "lapsed": True,
    "ended early": True,
}


@pytest.mark.parametrize("name", EVERY)
def test_only_news_rings(name: str):
    assert ping(EVERY[name]()) is RINGS.get(name, False)


@pytest.mark.parametrize("name", ["live", "three live", "asks for more", "extended", "two of three"])
def test_while_no_cloud_is_newly_live_it_is_drawn_again_in_silence(name: str):
    assert not ping(EVERY[name](), newly_live=False)


def test_what_is_not_given_rings_once():
    closing = views.cloud(views.held(**{**views.NEVER_LIVE, "state": GrantState.ENDING}))
    assert ping(views.rolled_back(clouds=(closing,)))
    assert not ping(views.rolled_back())


def test_what_the_holder_ended_does_not_ring():
    assert not ping(views.ended_early(views.ANA))


@pytest.mark.parametrize(("second", "rings"), [("14:03:50", False), ("14:04:23", True)])
def test_the_last_cloud_rings_only_when_it_is_late(second: str, rings: bool):  # noqa: FBT001 -- a row of the table
    both = (
        views.cloud(views.held(**views.LIVE)),
        views.cloud(views.held(2, **{**views.LIVE, "live_at": views.clock(second)}), "tideline"),
    )
    assert ping(views.live(clouds=both)) is rings


def test_of_many_starting_clouds_only_the_first_rings():
    clouds = [
        *(views.cloud(views.held(n, **views.LIVE), f"shop-{n}") for n in (1, 2)),
        views.cloud(views.held(3, state=GrantState.GRANTING), "tideline"),
    ]
    assert not ping(views.half_live(clouds=tuple(clouds)))


def test_every_button_says_to_a_screen_reader_what_it_is_about():
    labels = [
        button["accessibility_label"]
        for view in (views.live(), views.denied())
        for button in views.pressable(drawn(view).blocks)
    ]
    assert labels == [
        "Open AWS, account shop-prod",
        "End Ana Ruiz's prod-db-readonly now",
        "Ask again for prod-db-readonly, 1 hour",
    ]
