// A list of messages: days, moved time, and staying at the bottom when one is there.
import { h, reconcile } from "./dom.js";
import { messageOf } from "./message.js";
import { moves } from "./moves.js";
import { store } from "./store.js";
import { clockTime, dayName, dayOf } from "./time.js";

const TOGETHER = 300;
const NEAR_BOTTOM = 80;

/** Draws messages into `list`; `start` scrolls to the newest. */
export function drawList(list, messages, { inThread = false, start = false } = {}) {
  const pinned = start || list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_BOTTOM;
  reconcile(list, rows(messages, inThread));
  if (pinned) list.scrollTop = list.scrollHeight;
}

function rows(messages, inThread) {
  const moved = inThread ? [] : [...moves()];
  const out = [];
  let before = null;
  for (const message of messages) {
    const seconds = Number(message.ts);
    if (moved.length && moved[0].at <= seconds && !before) while (moved.length > 1 && moved[1].at <= seconds) moved.shift();
    while (moved.length && moved[0].at <= seconds) {
      out.push(moveRow(moved.shift()));
      before = null;
    }
    if (!inThread && (!before || dayOf(Number(before.ts)) !== dayOf(seconds))) pushDay(out, seconds);
    out.push(row(message, joins(before, message), inThread));
    before = message;
  }
  return [...out, ...(messages.length ? moved.map(moveRow) : [])];
}

/** A day is named once. */
function pushDay(out, seconds) {
  const key = `day-${dayOf(seconds)}`;
  if (out.some((one) => one.key === key)) return;
  const name = dayName(seconds);
  out.push({ key, mark: name, draw: () => h("p", { class: "day" }, h("span", {}, name)) });
}

const moveRow = ({ at, words }) => ({
  key: `move-${at}`,
  mark: words,
  draw: () => h("p", { class: "moved" }, words, h("span", { class: "unseen" }, ` It was ${clockTime(at)}.`)),
});

const joins = (before, message) =>
  Boolean(before) && before.user === message.user && !before.blocks.length && !message.blocks.length &&
  before.only_you === message.only_you && Number(message.ts) - Number(before.ts) < TOGETHER;

const row = (message, joined, inThread) => ({
  key: message.ts,
  mark: JSON.stringify([message, joined, store.me]),
  draw: () => messageOf(message, { joined, inThread }),
});
