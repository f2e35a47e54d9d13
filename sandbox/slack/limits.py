"""Slack's numbers. Block Kit's are those of reference B2; a test compares them with slackblocks' registry."""

TEXT_MIN = 1
TEXT_MAX = 3000
ID_MAX = 255
BUTTON_TEXT_MAX = 75
BUTTON_VALUE_MAX = 2000
BUTTON_URL_MAX = 3000
ACCESSIBILITY_LABEL_MAX = 75
CONFIRM_TITLE_MAX = 100
CONFIRM_TEXT_MAX = 300
CONFIRM_BUTTON_MAX = 30
OPTION_TEXT_MAX = 75
OPTION_VALUE_MAX = 150
OPTION_DESCRIPTION_MAX = 75
OPTIONS_MAX = 100
OPTION_GROUPS_MAX = 100
OPTION_GROUP_LABEL_MAX = 75
OVERFLOW_MAX = 5
CHOICES_MAX = 10
PLACEHOLDER_MAX = 150
INPUT_TEXT_MAX = 3000
INPUT_LABEL_MAX = 2000
INPUT_HINT_MAX = 2000
ACTIONS_MAX = 25
CONTEXT_MAX = 10
FIELDS_MAX = 10
FIELD_TEXT_MAX = 2000
HEADER_MAX = 150
ALERT_MAX = 200
MARKDOWN_MAX = 12_000
IMAGE_URL_MAX = 3000
IMAGE_ALT_MAX = 2000
MESSAGE_BLOCKS_MAX = 50
ATTACHMENTS_MAX = 100
VIEW_BLOCKS_MAX = 100
VIEW_TITLE_MAX = 24
PRIVATE_METADATA_MAX = 3000

RENDERED_MAX = 13_200
"""Characters of text in all blocks of a message; undocumented, near 13.2 kB (reference B2, bolt-js #2509)."""

POST_TEXT_MAX = 40_000
"""chat.postMessage truncates beyond this (docs: chat.postMessage)."""

UPDATE_TEXT_MAX = 4_000
"""chat.update answers msg_too_long beyond this (reference B3)."""

VIEW_BYTES_MAX = 250_000
"""views.* answer view_too_large beyond this (docs: views.open)."""

VIEW_STACK_MAX = 3
"""Views on top of each other, the first included (docs: surfaces, modals)."""

ACK_SECONDS = 3.0
"""How long an app may take to acknowledge (docs: handling user interaction)."""

TRIGGER_SECONDS = 3.0
"""How long a trigger_id lives (docs: handling user interaction)."""

RESPONSE_URL_SECONDS = 30 * 60.0
RESPONSE_URL_USES = 5
"""How long and how often a response_url serves (docs: handling user interaction)."""

SOCKETS_MAX = 10
"""Open Socket Mode connections of one app (docs: using Socket Mode)."""

EVENT_RETRIES = (0.0, 60.0, 300.0)
"""When an event that was not acknowledged is sent again (docs: Events API, retries)."""
