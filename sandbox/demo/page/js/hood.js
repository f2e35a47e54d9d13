// Under the hood: the audit log with its hashes, the queues, and which of our processes live.
import { world } from "./api.js";
import { byId, h, iconButton, reconcile, span, textButton } from "./dom.js";
import { lengthOf, secondsTime } from "./time.js";
import { now, store } from "./store.js";
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

function verdict({ verified, problem, total }) {
  if (!verified) return `The chain is broken: ${problem}`;
  const entries = total === 1 ? "1 entry" : `${total} entries`;
  return `Whole chain checked, ${entries}: each hash follows from the one before.`;
}

export function drawHood() {
  const hood = byId("hood");
  if (hood.hidden) return;
  const { processes, queues } = store.world;
  reconcile(hood, [
    { key: "head", mark: checked, draw: head },
    { key: "alive", mark: JSON.stringify([processes.map(life), queues]), draw: () => alive(processes, queues) },
    { key: "audit", mark: JSON.stringify(audit?.entries ?? null), draw: entries },
  ]);
}

const head = () =>
  h("header", {},
    h("h2", {}, "Under the hood"),
    textButton("Verify audit", verify, { focus: "verify" }),
    h("p", { class: "muted", "aria-live": "polite" }, checked),
    iconButton("Close", "✕", closeHood, { class: "icon end", data: { focus: "close" } }));

const life = ({ name, alive, since }) => [name, `${alive ? "alive" : "dead"} for ${lengthOf(now() - since)}`];

function alive(processes, queues) {
  const process = (one) => {
    const [name, words] = life(one);
    return span(one.alive ? "process" : "process dead", h("b", {}, name), ` ${words}`);
  };
  const queue = ({ name, waiting }) => span("process queue", h("b", {}, name), ` ${waiting} waiting`);
  return h("div", { class: "alive" }, ...processes.map(process), ...queues.map(queue));
}

function entries() {
  if (!audit) return h("p", { class: "muted" }, "Reading the audit log…");
  const rows = audit.entries.map((one) =>
    h("tr", {},
      h("td", {}, String(one.seq)),
      h("td", {}, secondsTime(one.at)),
      h("td", {}, one.kind),
      h("td", { class: "body" }, h("code", {}, JSON.stringify(one.body))),
      h("td", {}, h("code", { title: one.hash }, one.hash.slice(0, HASH)))));
  const head = ["No.", "When", "What", "Facts", "Hash"].map((word) => h("th", { scope: "col" }, word));
  return h("div", { class: "audit", tabindex: "0", role: "region", "aria-label": "Audit log" },
    h("table", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows)));
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && byId("hood").contains(event.target)) closeHood();
});
