"""A Slack workspace in miniature, which refuses what Slack refuses.

One process serves four things on one port:

- the Web API at ``/api/{method}``, for the unmodified slack_sdk (``SLACK_API_URL=http://HOST:PORT/api/``);
- Socket Mode at ``/link/``, for slack_bolt's SocketModeHandler;
- response_urls at ``/actions/...``;
- the page API at ``/page/...``, from this machine only: people at their clients, and a hand on the world.

Start it with ``python -m sandbox.slack --port 8911 [--host 127.0.0.1] [--people FILE] [--rate-scale 1]``, or
in a test with ``with sandbox.slack.server.running() as here: here.base_url, here.api_url, here.slack``;
``here.renew()`` puts a fresh workspace behind the same address. People: ``sandbox.slack.person.Person``.
Tokens, ids and the organisation are in ``sandbox.slack.world``. ``--people`` reads a JSON file
``{"people": [{"id", "name", "real_name", ...}], "channels": [{"id", "name", "members"}], "usergroups":
[{"id", "handle", "name", "users"}]}``; each entry adds to Meridian or replaces the one with that id.

Two clocks: message timestamps follow ``time.time()`` (and ``/page/clock``); the three seconds of acks and
trigger_ids, response_urls and rate limits follow ``time.monotonic()`` and cannot be moved.

The page API
============

JSON in, JSON out. A refusal by Slack is 400, something no client would offer is 409, both
``{"error": WORDS}``. Pages of other local origins may call (CORS for loopback).

What a person does: ``POST /page/{deed}`` with ``{"user": "U0ANA", ...}``. Every answer is an *outcome*::

    {"outcome": KIND, "seen": WORDS SLACK ITSELF SHOWS ("" if none), "envelope_id": ..., "ms": ACK TIME, ...}

``KIND`` is ``acked``, ``timeout`` (no ack within 3 s), ``no_connection`` (the app never heard of it),
``refused`` (by Slack itself), ``posted``, ``filled``, ``closed``, ``opened``, ``read``, ``reloaded``,
``invalid`` (a form's own complaints in ``errors``), ``needs_confirm`` (with ``confirm``, the dialog to show;
click again with ``confirmed``), ``listed`` or ``too_short`` (of suggest). Deeds that reach the app answer
when it has acknowledged; what it does then arrives as changes. The deeds, with their body besides ``user``:

- ``type`` {channel, text, [thread_ts]}: a message, or a slash command; channel "D" is the app's DM
- ``click`` {label or action_id, [block_id], WHERE, [value], [confirmed: bool]}: a button, or an option of an
  overflow (its text as ``label``, or its text or value as ``value`` beside the overflow's ``action_id``)
- ``fill`` {label or action_id or block_id, value, WHERE}: inputs and selects; options by text or value,
  lists for many, null clears; an external select asks the app when it must
- ``suggest`` {label or action_id, query, WHERE}: answers also ``options`` (flat), ``groups``, ``problems``
- ``submit`` {[view_id]}: answers also ``errors`` {block_id: text}; ``seen`` is the line of trouble
- ``close`` {[view_id], [all: bool]}: ``all`` is the cross in the corner
- ``shortcut`` {callback_id, [channel, ts]}: with a message, the message shortcut
- ``home`` {[tab: "home" or "messages"]}: opens the app's Home (event app_home_opened)
- ``read`` {channel}: clears the unread mark
- ``reload`` {}: the client forgets the messages only this person saw

``WHERE`` is ``channel`` and ``ts`` of a message, or ``view_id``; with neither, the top modal or else Home.
``label`` is the text of a button, a placeholder, or the label of an input block.

What a person sees: ``GET /page/{view}?user=U0ANA``.

- ``world`` (no user): ``{"team": {id, name}, "people": [PERSON], "channels": [CHANNEL], "usergroups": [...],
  "app": {id, user, bot_id, command, messages_tab, messages_tab_read_only, home_tab, connections}}``
- ``state``: ``{"seq", "now", "user": PERSON, "channels": [CHANNEL + {"unread", "pings"}], "views": [VIEW, the
  top one last], "home": VIEW or null}``
- ``messages&channel=C0DB[&thread=TS]``: ``{"seq", "channel": CHANNEL, "messages": [MESSAGE, oldest first]}``

``PERSON`` is ``{id, name, real_name, title, team_id, external, guest, deleted, bot}``.
``CHANNEL`` is ``{id, name, kind: public|private|dm, shared, archived, members, app_in}``.
``MESSAGE`` is ``{channel, ts, thread_ts, user, author, by_app, text, blocks, attachments, only_you, edited,
broadcast, reply_count, latest_reply, pings: [user ids it called], metadata}``; replies are listed in their
thread only, unless broadcast. Slack's own words are messages of USLACKBOT with ``only_you``.
``VIEW`` is Slack's view object (id, type, blocks, state.values, title, submit, close, ...) with ``user``,
``errors`` {block_id: text} and ``notice`` (Slack's line of trouble) added.

To re-render: ``GET /page/events?user=U0ANA[&after=SEQ]`` streams server-sent events (``id`` is the seq);
``GET /page/wait?user=U0ANA&after=SEQ&timeout=15`` answers ``{"seq", "changes": [...]}`` when there is one.
A change is ``{"seq", "kind", ...}``, kind being ``message``, ``whisper`` (only this person sees it),
``message_changed``, ``message_deleted`` (these four with ``channel``, ``ts``, and ``thread_ts`` where there
is one), ``views``, ``home``, ``read``, ``reloaded``, ``channel``, ``people``, ``sockets`` (the app connected
or went, with ``connections``), ``clock`` (with ``now``, ``advanced``). Without ``user`` everybody's come.

A hand on the world: ``POST /page/{deed}``.

- ``people`` {id, FIELD: value...}: e.g. deleted, is_restricted, is_email_confirmed, email; a new id adds
  somebody (event user_change)
- ``members`` {channel, user, in: bool}: invite or remove anybody, the app (U0PRODACCESS) included
- ``usergroups`` {id, users}; ``channels`` {id, is_ext_shared, is_archived, is_private, name, ...}
- ``app`` {messages_tab, messages_tab_read_only, home_tab, command, should_escape, rate_scale, revoked}
- ``faults`` {kind, [methods], [seconds], [times], [status], [retry_after], [delay]}: kind is ``error``
  (status, 503), ``reset``, ``timeout`` (held ``delay`` s, then cut), ``ratelimited``, ``lose_reply``
  (applied, then cut) or ``delay``; methods default to all; answers the fault with its ``id``.
  ``{"clear": true or ID}`` ends them. ``GET /page/faults`` lists them.
- ``sockets`` {do: warning, refresh_requested, link_disabled or cut}: says goodbye, or cuts without a word;
  ``GET /page/sockets`` is ``{"connections": [number]}``
- ``redeliver`` {envelope_id} sends an envelope again as it was; {type, payload} sends one made by hand
- ``expire`` {response_url} makes a response_url too old
- ``clock`` {advance: seconds} moves the wall clock forward; ``GET /page/clock`` is ``{now, offset}``

Logs: ``GET /page/calls?after=SEQ[&method=chat.update]`` is ``{"seq", "calls": [{seq, at, method, args,
answer, fault}]}`` (uses of response_urls have the method ``response_url``); ``GET /page/envelopes?after=SEQ``
is ``{"seq", "envelopes": [{seq, envelope_id, type, payload, outcome, link, at, ms, response,
retry_attempt}]}``.

Stricter or simpler than Slack, knowingly: 2026's new block types are refused, except alert and markdown; a
reply's own ts is no thread; a new reply needs a parent that exists or existed; there is no Enterprise Grid,
no file and no reaction. Unverified, as nothing here was compared with a real Slack: the exact words people
see when a button fails, and errors for direct messages to deactivated or unreachable people.
"""
