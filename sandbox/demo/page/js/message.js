// One message, as this person sees it.
import { slack } from "./api.js";
import { blockOf } from "./blocks.js";
import { h, iconButton, sign } from "./dom.js";
import { toggleMenu } from "./menu.js";
import { mrkdwn } from "./mrkdwn.js";
import { nameOf, store } from "./store.js";
import { clockTime, fullTime } from "./time.js";
import { saying, toast } from "./toast.js";
import { usableCode } from "./use.js";

const COLOURS = 8;

/** Whoever shows threads hears of it. */
const openThread = (node, ts) => node.dispatchEvent(new CustomEvent("open-thread", { bubbles: true, detail: ts }));

export function avatar(id) {
  const name = nameOf(id);
  if (id === store.app?.user) return h("span", { class: "avatar of-app", "aria-hidden": "true" }, sign("🔑"));
  if (id === "USLACKBOT") return h("span", { class: "avatar slackbot", "aria-hidden": "true" }, "S");
  const letters = name.split(" ").filter((part) => /^\p{L}/u.test(part)).slice(0, 2).map((part) => part[0]).join("");
  const colour = Math.max(0, [...store.people.keys()].indexOf(id)) % COLOURS;
  return h("span", { class: `avatar colour-${colour}`, "aria-hidden": "true" }, letters);
}

/** A message; `joined` when the one before is by the same author, just before. */
export function messageOf(message, { joined = false, inThread = false } = {}) {
  const seconds = Number(message.ts);
  const name = message.user === "USLACKBOT" ? "Slackbot" : message.author;
  const classes = ["message", message.only_you && "whisper", joined && "joined"].filter(Boolean).join(" ");
  return h("article", { class: classes, data: { ts: message.ts }, "aria-label": `${name}, ${clockTime(seconds)}` },
    joined ? time(seconds, "gutter") : avatar(message.user),
    h("div", { class: "message-body" },
      message.only_you ? h("p", { class: "only-you" }, sign("👁 "), "Only you can see this") : null,
      joined ? null : author(message, name, seconds),
      content(message),
      message.reply_count && !inThread ? replies(message) : null),
    tools(message, inThread));
}

const time = (seconds, kind) =>
  h("time", { class: kind, title: fullTime(seconds), datetime: new Date(seconds * 1000).toISOString() }, clockTime(seconds));

const author = (message, name, seconds) =>
  h("header", { class: "author" }, h("b", {}, name), message.by_app ? h("span", { class: "badge" }, "APP") : null, time(seconds, "when"));

function content(message) {
  const where = { channel: message.channel, ts: message.ts };
  const mine = store.channels.has(message.channel) === false && message.by_app;
  const options = mine ? { code: usableCode } : {};
  const edited = message.edited ? h("span", { class: "edited" }, " (edited)") : null;
  if (!message.blocks.length) return h("div", { class: "words" }, mrkdwn(message.text, options), edited);
  return h("div", { class: "blocks" }, ...message.blocks.map((block) => blockOf(block, where, options)), edited);
}

function replies(message) {
  const count = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  return h("button", { type: "button", class: "replies", data: { focus: "replies" }, on: { click: ({ currentTarget }) => openThread(currentTarget, message.ts) } },
    h("b", {}, count), h("span", { class: "muted" }, ` last at ${clockTime(Number(message.latest_reply))}`));
}

function tools(message, inThread) {
  const parent = message.thread_ts ?? message.ts;
  const more = iconButton("More about this message", "⋯", () => toggleMenu(more, "More about this message", shortcuts(message)),
    { "aria-haspopup": "menu", "aria-expanded": "false", data: { focus: "more" } });
  return h("div", { class: "tools" },
    inThread || message.only_you ? null : iconButton("Reply in a thread", "💬", ({ currentTarget }) => openThread(currentTarget, parent), { data: { focus: "reply" } }),
    more);
}

const shortcuts = (message) => [
  ...store.config.shortcuts.map(({ callback_id, name }) => ({ label: name, note: "Prod Access", act: () => use(message, callback_id) })),
  { label: "Copy text", act: () => navigator.clipboard?.writeText(message.text) },
];

async function use(message, callback_id) {
  const outcome = await saying(() => slack.does("shortcut", { callback_id, channel: message.channel, ts: message.ts }));
  if (outcome?.seen) toast(outcome.seen);
}
