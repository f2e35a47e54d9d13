// Under the hood: the audit log with its hashes, the queues, and which of our processes live.
import { world } from "./api.js";
import { byId, h, iconButton, reconcile } from "./dom.js";
import { store } from "./store.js";
import { lengthOf, secondsTime } from "./time.js";
import { now } from "./store.js";
import { saying } from "./toast.js";

const EVERY_MS = 2000;
const HASH = 12;
let from = null;
let audit = null;
let checked = "";

export function openHood(event) {
  const hood = byId("hood");
  if (!hood.hidden) return closeHood();
  from = event.currentTarget;
  from.setAttribute("aria-expanded", "true");
  hood.hidden = false;
  drawHood();
  hood.querySelector("button").focus();
  return keepReading();
}

function closeHood() {
  byId("hood").hidden = true;
  from?.setAttribute("aria-expanded", "false");
  from?.focus();
}

async function keepReading() {
  if (byId("hood").hidden) return;
  audit = (await saying(() => world.look("audit"))) ?? audit;
  drawHood();
  setTimeout(keepReading, EVERY_MS);
}

async function verify() {
  checked = "Checking…";
  drawHood();
  audit = (await saying(() => world.look("audit"))) ?? audit;
  checked = verdict(audit);
  drawHood();
}

const verdict = ({ verified, problem, total }) =>
  verified ? `Whole chain checked, ${total} ${total === 1 ? "entry" : "entries"}: each hash follows from the one before.` : `The chain is broken: ${problem}`;

export function drawHood() {
  const hood = byId("hood");
  if (hood.hidden) return;
  const { processes, queues } = store.world;
  reconcile(hood, [
    { key: "head", mark: checked, draw: head },
    { key: "alive", mark: JSON.stringify([processes.map((one) => [one.name, one.alive, lengthOf(now() - one.since)]), queues]), draw: () => alive(processes, queues) },
    { key: "audit", mark: JSON.stringify(audit?.entries ?? null), draw: entries },
  ]);
}

const head = () =>
  h("header", {},
    h("h2", {}, "Under the hood"),
    h("button", { type: "button", class: "button tiny", data: { focus: "verify" }, on: { click: verify } }, "Verify audit"),
    h("p", { class: "muted", "aria-live": "polite" }, checked),
    iconButton("Close", "✕", closeHood, { class: "icon end", data: { focus: "close" } }));

const alive = (processes, queues) =>
  h("div", { class: "alive" },
    ...processes.map((one) => h("span", { class: one.alive ? "process" : "process dead" }, h("b", {}, one.name), one.alive ? ` alive for ${lengthOf(now() - one.since)}` : ` dead for ${lengthOf(now() - one.since)}`)),
    ...queues.map((one) => h("span", { class: "process queue" }, h("b", {}, one.name), ` ${one.waiting} waiting`)));

function entries() {
  if (!audit) return h("p", { class: "muted" }, "Reading the audit log…");
  const rows = audit.entries.map((one) =>
    h("tr", {}, h("td", {}, String(one.seq)), h("td", {}, secondsTime(one.at)), h("td", {}, one.kind),
      h("td", { class: "body" }, h("code", {}, JSON.stringify(one.body))), h("td", {}, h("code", { title: one.hash }, one.hash.slice(0, HASH)))));
  const head = ["No.", "When", "What", "Facts", "Hash"].map((word) => h("th", { scope: "col" }, word));
  return h("div", { class: "audit", tabindex: "0", role: "region", "aria-label": "Audit log" },
    h("table", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)));
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && byId("hood").contains(event.target)) closeHood();
});
