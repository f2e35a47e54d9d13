// The cloud view: what the clouds themselves hold, what they answer to a real call, and a hand that is not ours.
import { world } from "./api.js";
import { byId, h, reconcile, sign, span, textButton } from "./dom.js";
import { menuButton } from "./menu.js";
import { avatar } from "./message.js";
import { takeWorld } from "./sight.js";
import { cast, changed, firstName, now, store } from "./store.js";
import { inWords, secondsTime } from "./time.js";
import { saying } from "./toast.js";
import { isTrying, proofOf, tryAll, tryCloud, verdictOf } from "./try.js";
import { drawAge, verdictItem } from "./verdict.js";

const TRY_AS = { class: "button tiny", data: { focus: "try-as" } };

export function drawCloud() {
  const { clouds } = store.world;
  reconcile(byId("cloud-head"), [{ key: "head", mark: store.tryAs, draw: head }]);
  reconcile(byId("cloud-parts"), clouds.map((cloud) =>
    ({ key: cloud.cloud, mark: markOf(cloud), draw: () => cloudOf(cloud) })));
  reconcile(byId("cloud-verdict"), [verdictItem()]);
  drawAge();
}

const head = () =>
  h("header", { class: "cloud-head" },
    h("h2", {}, "Cloud view"),
    h("div", { class: "try-as" }, "try as ",
      menuButton(TRY_AS, "Try as", people, firstName(store.tryAs), sign(" ▾")),
      textButton("Try all", tryAll, { "aria-label": `Try all clouds as ${firstName(store.tryAs)}` })));

const people = () => cast().map((one) => ({
  label: one.real_name, note: one.title, lead: avatar(one.id), checked: one.id === store.tryAs,
  act: () => { store.tryAs = one.id; changed("world"); },
}));

/** What a cloud's part shows, times to the minute, so that it is drawn again only when that changes. */
const markOf = (cloud) => JSON.stringify([
  cloud.objects, cloud.problem, cloud.others, proofOf(cloud.cloud), isTrying(cloud.cloud), store.tryAs,
  cloud.objects.map((one) => one.ends_at && inWords(one.ends_at)),
]);

function cloudOf(cloud) {
  return h("section", { class: "cloud-part", "aria-label": `${cloud.title} ${cloud.place}` },
    h("header", {}, h("h3", {}, cloud.title, " ", h("span", { class: "place" }, cloud.place)), tryButton(cloud)),
    h("div", { class: "tried" }, ...tried(cloud)),
    cloud.problem ? h("p", { class: "problem" }, cloud.problem) : null,
    cloud.objects.length
      ? h("ul", { class: "objects" }, ...cloud.objects.map((one) => objectOf(cloud, one)))
      : h("p", { class: "nothing" }, "Nothing of ours is here."),
    cloud.others || cloud.may_add ? foothold(cloud) : null);
}

function tryButton({ cloud, title }) {
  return textButton("Try", () => tryCloud(cloud), {
    "aria-label": `Try ${title} as ${firstName(store.tryAs)}`,
    "aria-busy": String(isTrying(cloud)),
    title: "Makes a real call with that person's own keys",
    data: { focus: "try", try: cloud },
  });
}

function tried({ cloud }) {
  if (isTrying(cloud)) return [h("p", { class: "muted" }, `Calling as ${firstName(store.tryAs)}…`)];
  const proof = proofOf(cloud);
  if (!proof) return [h("p", { class: "muted" }, `${firstName(store.tryAs)} has not tried yet.`)];
  const verdict = h("b", { class: proof.allowed ? "good" : "bad" }, verdictOf(proof));
  const said = proof.allowed && proof.message ? `saw: ${proof.message}` : proof.message;
  return [
    h("p", { class: "call" }, h("code", { title: proof.call }, proof.call), h("span", {}, "→ ", verdict)),
    said ? h("p", { class: proof.allowed ? "said" : "said bad", title: proof.message }, said) : null,
  ].filter(Boolean);
}

function objectOf(cloud, one) {
  const over = one.denied || (one.ends_at !== null && one.ends_at <= now());
  const remove = () => byHand("remove", { cloud: cloud.cloud, object: one.id });
  const label = `Remove by hand: ${one.kind} ${one.name} in ${cloud.title}`;
  return h("li", { class: "object" },
    h("p", {}, span("muted", `${one.kind} `), h("code", {}, one.name)),
    one.detail ? h("p", { class: "detail", title: one.detail }, one.detail) : null,
    h("p", {}, span("label", one.request || "no label"), whose(one), endOf(one, over)),
    h("div", { class: "by-hand" },
      h("p", { class: over || !one.in_force ? "state bad" : "state good" }, effectOf(one, over)),
      textButton("Remove by hand", remove, { kind: "quiet", focus: `remove/${one.id}`, "aria-label": label })));
}

const whose = ({ person }) => (person ? ` ${firstName(person)} · ` : " ");

function endOf({ ends_at: at }, over) {
  if (at === null) return "no end of its own";
  return `${over ? "ended" : "ends"} ${secondsTime(at)} (${inWords(at)})`;
}

function effectOf({ denied, in_force: inForce }, over) {
  if (denied) return "denies everything";
  if (over) return "past its date, refused";
  return inForce ? "lets this person in" : "not in force yet";
}

/** What stood here before us, and a hand that adds to it. */
function foothold(cloud) {
  const who = firstName(store.tryAs);
  const add = () => byHand("add", { cloud: cloud.cloud, person: store.tryAs });
  const about = { kind: "quiet", focus: "add", "aria-label": `Add ${who} by hand in ${cloud.title}` };
  return h("footer", { class: "by-hand" }, span("muted", cloud.others),
    cloud.may_add ? textButton(`Add ${who} by hand`, add, about) : null);
}

/** Changes a cloud behind the product's back, as its operator. */
async function byHand(deed, told) {
  const state = await saying(() => world.does(deed, told));
  if (state) takeWorld(state);
}
