// The last part of the cloud view: what the ledger says, and whether the clouds agree with it.
import { world } from "./api.js";
import { byId, h, sign, span, textButton } from "./dom.js";
import { openHood } from "./hood.js";
import { look } from "./sight.js";
import { changed, firstName, now, store } from "./store.js";
import { lengthOf } from "./time.js";
import { announce, saying } from "./toast.js";

const LINES = 3;
const AGREE = "Clouds agree with the ledger.";
const OLD = 3;
const HOOD = { kind: "tiny hood-button", focus: "hood", "aria-expanded": "false", "aria-controls": "hood" };
const STATES = { not_given: "not given" };
let comparing = false;
let told = AGREE;

const recent = () => (store.world?.ledger ?? []).slice(-LINES).toReversed();

export const verdictItem = () => {
  const { agrees, differences } = store.world;
  tell(agrees ? AGREE : differences.join(" "));
  return { key: "ledger", mark: JSON.stringify([agrees, differences, recent(), comparing]), draw: ledger };
};

function tell(verdict) {
  if (verdict !== told) announce(verdict);
  told = verdict;
}

function ledger() {
  const { agrees, differences } = store.world;
  const lines = recent();
  return h("section", { class: "ledger", "aria-label": "Ledger" },
    h("header", {},
      h("h3", {}, "Ledger"), h("span", { id: "cloud-age" }), textButton("Under the hood", openHood, HOOD)),
    lines.length ? h("ul", {}, ...lines.map(ledgerLine)) : h("p", { class: "muted" }, "No request yet."),
    h("div", { class: agrees ? "verdict" : "verdict bad" },
      ...(agrees ? [h("p", {}, sign("✓ "), AGREE)] : differences.map((one) => h("p", {}, sign("⚠ "), one))),
      agrees ? null : compareButton()));
}

/** How old the reading is that this is about. */
export function drawAge() {
  const seconds = Math.max(0, now() - Math.min(...store.world.clouds.map((one) => one.read_at)));
  byId("cloud-age").textContent = seconds < OLD ? "read just now" : `read ${lengthOf(seconds)} ago`;
}

const ledgerLine = ({ request, person, role, state }) =>
  h("li", {}, span("label", request), ` ${firstName(person)} · ${role} · `, h("b", {}, STATES[state] ?? state));

/** prod-access compares by itself every quarter of an hour; nobody has to wait for it here. */
function compareButton() {
  const about = { "aria-busy": String(comparing), title: "prod-access does so by itself every 15 minutes" };
  return textButton("Let prod-access compare now", compare, about);
}

async function compare() {
  if (comparing) return;
  comparing = true;
  changed("world");
  await saying(() => world.does("compare", {}));
  comparing = false;
  await look();
}
