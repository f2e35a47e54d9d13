// The box one types in: Enter sends, a line that starts with / is a command.
import { slack } from "./api.js";
import { h, sign } from "./dom.js";
import { channelNow, placeNow, store } from "./store.js";
import { toast } from "./toast.js";

const drafts = new Map(); // who, where → text
const TALLEST = 160;
const SEND = { "aria-label": "Send now", title: "Send now (Enter)" };
const NO_MESSAGES = "Sending messages to this app has been turned off.";

const key = (thread) => `${placeNow()}|${thread ?? ""}`;

/** Puts words into a box, now or when it is next shown. */
export function draft(person, channel, text) {
  drafts.set(`${person}|${channel}|`, text);
}

export function drawComposer(parent, thread = null) {
  const channel = channelNow();
  if (!channel) return parent.replaceChildren();
  if (channel.kind === "dm" && (store.app.messages_tab_read_only || !store.app.messages_tab)) {
    return parent.replaceChildren(h("p", { class: "closed" }, NO_MESSAGES));
  }
  const id = thread ? "reply" : "composer";
  const name = thread ? "Reply…" : `Message ${channel.kind === "dm" ? channel.name : `#${channel.name}`}`;
  const about = { placeholder: name, "aria-label": name, "aria-describedby": `${id}-hint` };
  const area = h("textarea", { id: `${id}-text`, rows: "1", ...about });
  const send = h("button", { type: "button", class: "send", ...SEND }, sign("➤"));
  const hint = h("p", { class: "composer-hint", id: `${id}-hint` });
  wire(area, send, hint, thread);
  parent.replaceChildren(h("div", { class: "composer-box" }, area, send), hint);
  grown(area);
  return undefined;
}

function wire(area, send, hint, thread) {
  area.value = drafts.get(key(thread)) ?? "";
  area.setSelectionRange(area.value.length, area.value.length);
  const typed = () => {
    drafts.set(key(thread), area.value);
    grown(area);
    hint.textContent = help(area.value, thread);
    send.classList.toggle("ready", Boolean(area.value.trim()));
  };
  area.addEventListener("input", typed);
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    sendFrom(area, thread);
  });
  send.addEventListener("click", () => sendFrom(area, thread));
  typed();
}

function help(text, thread) {
  if (!text.startsWith("/") || thread) return "";
  const { command } = store.app;
  if (text.trim().includes(" ")) return "Enter sends it. Only you and the app see what you typed.";
  return `${command} ROLE [DURATION] [INCIDENT] reason. Alone, ${command} opens the form.`;
}

function grown(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, TALLEST)}px`;
}

async function sendFrom(area, thread) {
  const text = area.value.trim();
  if (!text) return;
  area.value = "";
  area.dispatchEvent(new Event("input"));
  area.parentElement.classList.add("busy");
  try {
    const outcome = await slack.does("type", { channel: store.channel, text, thread_ts: thread ?? undefined });
    if (outcome.outcome === "refused" && channelNow()?.kind === "dm") toast(outcome.seen);
  } catch (error) {
    toast(error.message);
    area.value = area.value || text;
    area.dispatchEvent(new Event("input"));
  }
  area.parentElement?.classList.remove("busy");
}

addEventListener("resize", () => document.querySelectorAll(".composer-box textarea").forEach(grown));
