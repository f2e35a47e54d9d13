// The hands on the world: its clock and its faults.
import { world } from "./api.js";
import { byId, h, opener, reconcile, sign, span, textButton } from "./dom.js";
import { menuButton, togglePanel } from "./menu.js";
import { now, store } from "./store.js";
import { takeWorld } from "./sight.js";
import { lengthOf, secondsTime } from "./time.js";
import { saying, toast } from "./toast.js";

const MINUTE = 60;
const HELD = ["live", "starting", "stuck", "ending"];

export function drawHands() {
  reconcile(byId("hands"), [
    { key: "clock", mark: "", draw: clock },
    { key: "faults", mark: "", draw: faults },
  ]);
  const count = inForce().length;
  byId("faults").classList.toggle("warned", count > 0);
  byId("fault-count").textContent = String(count);
  tick();
}

export async function moveClock(told) {
  const state = await saying(() => world.does("clock", told));
  if (state) takeWorld(state);
  return Boolean(state);
}

function clock() {
  return menuButton({ class: "hand", data: { focus: "clock" } }, "Move the clock", moments,
    sign("⏱"), span("clock-word", "Clock"), h("span", { id: "clock-now", class: "clock-now" }), sign("▾"));
}

const live = () => (store.world?.ledger ?? []).some((line) => HELD.includes(line.state));

function moments() {
  const behind = store.offset >= 1 ? `, ${lengthOf(store.offset)} behind` : "";
  const real = `Real time is ${secondsTime(Date.now() / 1000)}${behind}. Time only moves forward.`;
  return [
    { label: "+1 min", act: () => moveClock({ move_seconds: MINUTE }) },
    { label: "+10 min", act: () => moveClock({ move_seconds: 10 * MINUTE }) },
    moment("To the warning", "when its holder is told that the end is near", "warning"),
    moment("To the end", "when access ends by itself", "end"),
    { line: true },
    { label: "Real time", note: real, disabled: true, act() {} },
  ];
}

const moment = (label, note, to) =>
  ({ label, note: live() ? note : "nothing is live now", disabled: !live(), act: () => moveClock({ to }) });

export function tick() {
  const node = byId("clock-now");
  const time = secondsTime(now());
  if (node && node.textContent !== time) node.textContent = time;
}

const inForce = () => (store.world?.faults ?? []).filter((fault) => fault.on);

function faults() {
  const button = h("button", { ...opener("dialog"), id: "faults", class: "hand", data: { focus: "faults" } },
    sign("⚡"), h("span", {}, "Faults: ", h("span", { id: "fault-count" }, "0")), sign("▾"));
  button.addEventListener("click", () => togglePanel(button, panel()));
  return button;
}

function panel() {
  const off = textButton("All off", allOff);
  return h("div", { class: "menu panel", role: "dialog", "aria-label": "Faults" },
    h("header", {}, h("h2", {}, "What goes wrong"), off), ...store.world.faults.map(row));
}

function row(fault) {
  const id = `fault-${fault.name}`;
  const about = { "aria-label": fault.title, "aria-describedby": id };
  const control = fault.momentary ? textButton("Do it", () => strike(fault), about) : switchOf(fault, about);
  const note = h("span", { class: "item-note", id }, fault.sentence);
  return h("label", { class: "fault" }, span("item-words", span("item-label", fault.title), note), control);
}

function switchOf(fault, about) {
  const act = (event) => put(fault, event.target);
  const control = h("input", { type: "checkbox", role: "switch", class: "switch", on: { change: act }, ...about });
  control.checked = fault.on;
  return control;
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
