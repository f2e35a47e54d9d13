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
  const pinned = start || isAtEnd(list);
  reconcile(list, rows(messages, inThread));
  if (pinned) toEnd(list);
}

const ends = new WeakMap(); // list → where we scrolled it to

const isAtEnd = (list) =>
  list.scrollTop === ends.get(list) || list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_BOTTOM;

/** To the newest message; where that is taller than the screen, to its beginning. */
function toEnd(list) {
  const last = list.lastElementChild;
  const tall = last && last.offsetHeight > list.clientHeight;
  list.scrollTop = tall ? last.offsetTop : list.scrollHeight;
  ends.set(list, list.scrollTop);
}

function rows(messages, inThread) {
  const moved = inThread || !messages.length ? [] : moves().filter((one) => one.at > Number(messages[0].ts));
  const out = [];
  let before = null;
  for (const message of messages) {
    const seconds = Number(message.ts);
    while (moved.length && moved[0].at <= seconds) {
      out.push(moveRow(moved.shift()));
      before = null;
    }
    if (!inThread && (!before || dayOf(Number(before.ts)) !== dayOf(seconds))) pushDay(out, seconds);
    out.push(row(message, joins(before, message), inThread));
    before = message;
  }
  return [...out, ...moved.map(moveRow)];
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
