// The tour's bar: the five steps, and the sentence of the one that is next.
import { byId, h, reconcile, sign, span, textButton } from "./dom.js";
import { become } from "./go.js";
import { offerLine, SHOWN } from "./show.js";
import { ANA, changed, FIRST_CHANNEL, store } from "./store.js";
import { announce, saying } from "./toast.js";
import { current, progress, skip, startAgain, stopped } from "./tour.js";

const ALL = "That was all of it: asked, approved, used, ended, checked. Now break it.";
let looked = null; // a step somebody pressed to read
let showing = false;

export function drawSteps() {
  const steps = progress();
  const at = current();
  if (looked !== null && steps[looked].isDone) looked = null;
  const shown = looked ?? at;
  point(steps[shown]);
  tell(steps[shown]?.words ?? ALL);
  reconcile(byId("steps"), steps.map((step) => chipItem(step, step.place === shown)));
  const mark = JSON.stringify([shown, steps[shown]?.isDone, stopped(), showing]);
  reconcile(byId("guide"), [{ key: "guide", mark, draw: () => guide(steps[shown]) }]);
}

const chipItem = (step, here) =>
  ({ key: step.short, mark: JSON.stringify([step.isDone, step.isSkipped, here]), draw: () => chip(step, here) });

/** Lets what this step needs be seen: another person, the clock, Try. */
function point(step) {
  document.body.dataset.step = step && !step.isDone ? step.short : "";
  document.body.dataset.become = String(Boolean(step?.as) && !step.isDone && step.as !== store.me);
}

let told = "";

/** Says the next sentence, once the page is there. */
function tell(sentence) {
  if (told && told !== sentence) announce(sentence);
  told = sentence;
}

function chip(step, here) {
  const state = step.isDone ? "done" : step.isSkipped ? "skipped" : "";
  const click = () => {
    looked = step.place;
    drawSteps();
  };
  const about = { "aria-current": here ? "step" : null, data: { focus: "step" }, on: { click } };
  return h("button", { type: "button", class: `step ${state}`, ...about },
    span("step-number", step.isDone ? sign("✓") : String(step.place + 1)), ` ${step.short}`,
    state ? span("unseen", `, ${state}`) : null);
}

function guide(step) {
  if (stopped()) return line(stopped(), [again()]);
  if (!step) return line(ALL, [textButton("Open the faults", () => byId("faults").click()), again()]);
  const number = h("b", { class: "step-of" }, `Step ${step.place + 1} of 5`);
  return line([number, step.words], step.isDone ? [again()] : [showMe(step), textButton("Skip", () => passOver(step))]);
}

const line = (words, hands) =>
  h("div", { class: "guide-line" }, h("p", {}, ...[words].flat()), h("div", { class: "guide-hands" }, ...hands));

const showMe = (step) =>
  textButton(showing ? "Showing…" : "Show me", () => show(step), { kind: "tiny primary", focus: "show" });

const again = () => textButton("Start again", restart);

async function show(step) {
  if (showing) return;
  showing = true;
  drawSteps();
  await saying(SHOWN[step.place]);
  showing = false;
  looked = null;
  drawSteps();
}

function passOver(step) {
  skip(step.place);
  looked = null;
  changed("world");
}

async function restart() {
  startAgain();
  looked = null;
  await become(ANA, FIRST_CHANNEL);
  offerLine();
  changed("world");
}
