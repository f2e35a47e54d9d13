// The pane beside a conversation with one thread of it.
import { slack } from "./api.js";
import { drawComposer } from "./composer.js";
import { byId, h, iconButton, oneAtATime, span } from "./dom.js";
import { backTo, spot } from "./focus.js";
import { drawList } from "./list.js";
import { changed, channelNow, store } from "./store.js";
import { saying } from "./toast.js";

let from = null; // what had the focus before
let drawnFor = "";

export function openThread(ts) {
  if (store.thread === null) from = spot();
  store.thread = ts;
  store.replies = [];
  changed("place");
  loadThread();
  byId("thread").querySelector("textarea")?.focus();
}

export function closeThread({ focus = true } = {}) {
  if (store.thread === null) return;
  store.thread = null;
  store.replies = [];
  changed("place");
  if (focus) backTo(from ?? undefined);
}

export const loadThread = oneAtATime(async () => {
  const { me, channel, thread } = store;
  if (thread === null) return;
  const told = await saying(() => slack.look("messages", { user: me, channel, thread }));
  if (!told || me !== store.me || channel !== store.channel || thread !== store.thread) return;
  store.replies = told.messages;
  changed("thread");
});

/** Draws the pane, or hides it. */
export function drawThread() {
  const pane = byId("thread");
  pane.hidden = store.thread === null;
  byId("app").classList.toggle("with-thread", store.thread !== null);
  const key = `${store.me}|${store.channel}|${store.thread}`;
  if (key === drawnFor) return;
  drawnFor = key;
  if (store.thread === null) return pane.replaceChildren();
  const composer = h("div", { class: "composer" });
  pane.replaceChildren(
    h("header", { class: "talk-head" },
      h("h2", {}, "Thread"),
      span("muted", channelNow()?.kind === "dm" ? "Prod Access" : `#${channelNow()?.name}`),
      iconButton("Close the thread", "✕", () => closeThread(), { class: "icon end" })),
    h("div", { id: "replies", class: "list", tabindex: "0", role: "log", "aria-live": "off", "aria-label": "Thread" }),
    composer);
  drawComposer(composer, store.thread);
  return undefined;
}

export function drawReplies() {
  const list = byId("replies");
  if (list && store.thread !== null) drawList(list, store.replies, { inThread: true });
}

addEventListener("open-thread", (event) => openThread(event.detail));
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && byId("thread").contains(event.target)) closeThread();
});
