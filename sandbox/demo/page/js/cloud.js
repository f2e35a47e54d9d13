// The cloud view: what the clouds themselves hold, what they answer to a real call, and whether that agrees
// with the ledger.
import { world } from "./api.js";
import { byId, h, reconcile, sign, span, textButton } from "./dom.js";
import { openHood } from "./hood.js";
import { menuButton } from "./menu.js";
import { cast, changed, firstName, now, requestsOf, store } from "./store.js";
import { look } from "./sight.js";
import { inWords, lengthOf, secondsTime } from "./time.js";
import { announce, saying } from "./toast.js";
import { avatar } from "./message.js";

const LINES = 4;
const TRY_AS = { class: "button tiny", data: { focus: "try-as" } };
const OLD = 3;
const AGREE = "Clouds agree with the ledger.";
const STATES = { not_given: "not given" };
const busy = new Set(); // clouds somebody tries just now

export function drawCloud() {
  const { clouds, agrees, differences } = store.world;
  reconcile(byId("cloud"), [
    { key: "head", mark: store.tryAs, draw: head },
    ...clouds.map((cloud) => ({ key: cloud.cloud, mark: markOf(cloud), draw: () => cloudOf(cloud) })),
    { key: "ledger", mark: JSON.stringify([agrees, differences, recent()]), draw: () => ledger(agrees, differences) },
    { key: "foot", mark: "", draw: foot },
  ]);
  age(clouds);
  tellVerdict(agrees ? AGREE : differences.join(" "));
}

let told = AGREE;

function tellVerdict(verdict) {
  if (verdict !== told) announce(verdict);
  told = verdict;
}

const head = () =>
  h("header", { class: "cloud-head" },
    h("h2", {}, "Cloud view"),
    h("div", { class: "try-as" }, "try as ",
      menuButton(TRY_AS, "Try as", people, firstName(store.tryAs), sign(" ▾"))),
    h("span", { id: "cloud-age", class: "muted" }));

const people = () => cast().map((one) => ({
  label: one.real_name, note: one.title, lead: avatar(one.id), checked: one.id === store.tryAs,
  act: () => { store.tryAs = one.id; changed("world"); },
}));

function age(clouds) {
  const oldest = Math.min(...clouds.map((one) => one.read_at));
  const seconds = Math.max(0, now() - oldest);
  byId("cloud-age").textContent = seconds < OLD ? "read just now" : `read ${lengthOf(seconds)} ago`;
}

/** What a cloud's part shows, times to the minute, so that it is drawn again only when that changes. */
const markOf = (cloud) => JSON.stringify([
  cloud.objects, cloud.problem, proofOf(cloud), busy.has(cloud.cloud), store.tryAs,
  cloud.objects.map((one) => one.ends_at && inWords(one.ends_at)),
]);

function cloudOf(cloud) {
  return h("section", { class: "cloud-part", "aria-label": `${cloud.title} ${cloud.place}` },
    h("header", {}, h("h3", {}, cloud.title, " ", h("span", { class: "place" }, cloud.place)), tryButton(cloud)),
    h("div", { class: "tried" }, ...tried(cloud)),
    cloud.problem ? h("p", { class: "problem" }, cloud.problem) : null,
    cloud.objects.length
      ? h("ul", { class: "objects" }, ...cloud.objects.map(object))
      : h("p", { class: "nothing" }, "Nothing here: nobody holds anything of ours."));
}

function tryButton(cloud) {
  const words = `Try ${cloud.title} as ${firstName(store.tryAs)}`;
  return textButton("Try", () => tryCloud(cloud.cloud), {
    "aria-label": words,
    "aria-busy": String(busy.has(cloud.cloud)),
    title: "Makes a real call with that person's own keys",
    data: { focus: "try", try: cloud.cloud },
  });
}

/** Makes the real call; answers what came of it, or null. */
export async function tryCloud(cloud, person = store.tryAs) {
  if (busy.has(cloud)) return null;
  busy.add(cloud);
  changed("world");
  const request = requestsOf(person)[0]?.request ?? null;
  const answer = await saying(() => world.does("try", { person, cloud, request }));
  busy.delete(cloud);
  if (answer) announce(`${answer.call} as ${firstName(person)}: ${verdictOf(answer)}`);
  await look();
  return answer;
}

const verdictOf = ({ allowed, code }) => (allowed ? "allowed" : ["refused", code].filter(Boolean).join(", "));

const proofOf = (cloud) =>
  store.world.proofs.findLast((one) => one.cloud === cloud.cloud && one.person === store.tryAs) ?? null;

function tried(cloud) {
  if (busy.has(cloud.cloud)) return [h("p", { class: "muted" }, `Calling as ${firstName(store.tryAs)}…`)];
  const proof = proofOf(cloud);
  if (!proof) return [h("p", { class: "muted" }, `${firstName(store.tryAs)} has not tried yet.`)];
  const verdict = h("b", { class: proof.allowed ? "good" : "bad" }, verdictOf(proof));
  const said = proof.allowed && proof.message ? `saw: ${proof.message}` : proof.message;
  return [
    h("p", {}, h("code", {}, proof.call), " → ", verdict),
    h("p", { class: "said", title: proof.message }, said),
  ];
}

function object(one) {
  const over = one.denied || (one.ends_at !== null && one.ends_at <= now());
  return h("li", { class: "object" },
    h("p", {}, span("muted", `${one.kind} `), h("code", {}, one.name)),
    h("p", {}, span("label", one.request || "no label"), whose(one), endOf(one, over)),
    h("p", { class: over ? "state bad" : "state good" }, effectOf(one, over)));
}

const whose = ({ person }) => (person ? ` ${firstName(person)} · ` : " ");

function endOf({ ends_at: at }, over) {
  if (at === null) return "never ends by itself";
  return `${over ? "ended" : "ends"} ${secondsTime(at)} (${inWords(at)})`;
}

function effectOf({ denied }, over) {
  if (denied) return "denies everything";
  return over ? "past its date, refused" : "lets this person in";
}

const recent = () => (store.world?.ledger ?? []).slice(-LINES).toReversed();

function ledger(agrees, differences) {
  const lines = recent();
  return h("section", { class: "ledger", "aria-label": "Ledger" },
    h("h3", {}, "Ledger"),
    lines.length
      ? h("ul", {}, ...lines.map(ledgerLine))
      : h("p", { class: "muted" }, "No request yet."),
    h("div", { class: agrees ? "verdict" : "verdict bad" },
      ...(agrees ? [h("p", {}, sign("✓ "), AGREE)] : differences.map((one) => h("p", {}, sign("⚠ "), one)))));
}

const ledgerLine = ({ request, person, role, state }) =>
  h("li", {}, span("label", request), ` ${firstName(person)} · ${role} · `, h("b", {}, STATES[state] ?? state));

const HOOD = { kind: "tiny hood-button", focus: "hood", "aria-expanded": "false", "aria-controls": "hood" };
const foot = () => textButton("Under the hood", openHood, HOOD);
