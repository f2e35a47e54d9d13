// The hands on the world: its clock and its faults.
import { world } from "./api.js";
import { byId, h, reconcile, sign } from "./dom.js";
import { menuButton, togglePanel } from "./menu.js";
import { now, store } from "./store.js";
import { takeWorld } from "./sight.js";
import { lengthOf, secondsTime } from "./time.js";
import { saying, toast } from "./toast.js";

const MINUTE = 60;

export function drawHands() {
  reconcile(byId("hands"), [
    { key: "clock", mark: "", draw: clock },
    { key: "faults", mark: faultMark(), draw: faults },
  ]);
  tick();
}

export async function moveClock(told) {
  const state = await saying(() => world.does("clock", told));
  if (state) takeWorld(state);
  return Boolean(state);
}

function clock() {
  return menuButton({ class: "hand", data: { focus: "clock" } }, "Move the clock", moments,
    sign("⏱"), h("span", {}, "Clock "), h("span", { id: "clock-now", class: "clock-now" }), sign("▾"));
}

const live = () => (store.world?.ledger ?? []).some((line) => ["live", "starting", "stuck", "ending"].includes(line.state));

function moments() {
  const real = `Real time is ${secondsTime(Date.now() / 1000)}`;
  const behind = store.offset >= 1 ? `${real}, ${lengthOf(store.offset)} behind. Time only moves forward.` : `${real}. Time only moves forward.`;
  const needs = live() ? "" : "nothing is live now";
  return [
    { label: "+1 min", act: () => moveClock({ move_seconds: MINUTE }) },
    { label: "+10 min", act: () => moveClock({ move_seconds: 10 * MINUTE }) },
    { label: "To the warning", note: needs || "just before access ends", disabled: !live(), act: () => moveClock({ to: "warning" }) },
    { label: "To the end", note: needs || "when access ends by itself", disabled: !live(), act: () => moveClock({ to: "end" }) },
    { line: true },
    { label: "Real time", note: behind, disabled: true, act() {} },
  ];
}

export function tick() {
  const node = byId("clock-now");
  const time = secondsTime(now());
  if (node && node.textContent !== time) node.textContent = time;
}

const inForce = () => (store.world?.faults ?? []).filter((fault) => fault.on);
const faultMark = () => String(inForce().length);

function faults() {
  const count = inForce().length;
  const button = h("button", { type: "button", id: "faults", class: count ? "hand warned" : "hand", "aria-haspopup": "dialog", "aria-expanded": "false", data: { focus: "faults" } },
    sign("⚡"), `Faults: ${count} `, sign("▾"));
  button.addEventListener("click", () => togglePanel(button, panel()));
  return button;
}

function panel() {
  const off = h("button", { type: "button", class: "button tiny", on: { click: () => allOff() } }, "All off");
  return h("div", { class: "menu panel", role: "dialog", "aria-label": "Faults" },
    h("header", {}, h("h2", {}, "What goes wrong"), off), ...store.world.faults.map(row));
}

function row(fault) {
  const id = `fault-${fault.name}`;
  const control = fault.momentary
    ? h("button", { type: "button", class: "button tiny", "aria-describedby": id, "aria-label": fault.title, on: { click: () => strike(fault) } }, "Do it")
    : h("input", { type: "checkbox", role: "switch", class: "switch", "aria-label": fault.title, "aria-describedby": id, on: { change: (event) => put(fault, event.target) } });
  if (!fault.momentary) control.checked = fault.on;
  return h("label", { class: "fault" }, h("span", { class: "item-words" }, h("span", { class: "item-label" }, fault.title), h("span", { class: "item-note", id }, fault.sentence)), control);
}

async function put(fault, control) {
  const state = await saying(() => world.does("faults", { name: fault.name, on: control.checked }));
  if (state) takeWorld(state);
  else control.checked = !control.checked;
}

async function strike(fault) {
  const state = await saying(() => world.does("faults", { name: fault.name, on: true }));
  if (!state) return;
  takeWorld(state);
  toast(`${fault.title}: done.`);
}

async function allOff() {
  for (const fault of inForce()) {
    const state = await saying(() => world.does("faults", { name: fault.name, on: false }));
    if (state) takeWorld(state);
  }
  for (const box of document.querySelectorAll(".panel .switch")) box.checked = false;
}
