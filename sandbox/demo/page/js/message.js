// One message, as this person sees it.
import { slack } from "./api.js";
import { blockOf } from "./blocks.js";
import { h, iconButton, opener, sign, span } from "./dom.js";
import { toggleMenu } from "./menu.js";
import { mrkdwn } from "./mrkdwn.js";
import { nameOf, store } from "./store.js";
import { clockTime, fullTime } from "./time.js";
import { saying, toast } from "./toast.js";
import { usableCode } from "./use.js";

const COLOURS = 8;
const MORE = "More about this message";

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

function time(seconds, kind) {
  const datetime = new Date(seconds * 1000).toISOString();
  return h("time", { class: kind, title: fullTime(seconds), datetime }, clockTime(seconds));
}

function author(message, name, seconds) {
  const badge = message.by_app ? span("badge", "APP") : null;
  return h("header", { class: "author" }, h("b", {}, name), badge, time(seconds, "when"));
}

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
  const click = ({ currentTarget }) => openThread(currentTarget, message.ts);
  return h("button", { type: "button", class: "replies", data: { focus: "replies" }, on: { click } },
    h("b", {}, count), span("muted", ` last at ${clockTime(Number(message.latest_reply))}`));
}

function tools(message, inThread) {
  const reply = ({ currentTarget }) => openThread(currentTarget, message.thread_ts ?? message.ts);
  const menu = ({ currentTarget }) => toggleMenu(currentTarget, MORE, shortcuts(message));
  return h("div", { class: "tools" },
    inThread || message.only_you ? null : iconButton("Reply in a thread", "💬", reply, { data: { focus: "reply" } }),
    iconButton(MORE, "⋯", menu, { ...opener("menu"), data: { focus: "more" } }));
}

const shortcut = (message, { callback_id: id, name }) =>
  ({ label: name, note: "Prod Access", act: () => use(message, id) });

const shortcuts = (message) => [
  ...store.config.shortcuts.map((one) => shortcut(message, one)),
  { label: "Copy text", act: () => navigator.clipboard?.writeText(message.text) },
];

async function use({ channel, ts }, callback_id) {
  const outcome = await saying(() => slack.does("shortcut", { callback_id, channel, ts }));
  if (outcome?.seen) toast(outcome.seen);
}
