// "Show me": does a step the way a person would, with the same buttons.
import { tryCloud } from "./try.js";
import { freshComposer } from "./talk.js";
import { draft } from "./composer.js";
import { byId, pause } from "./dom.js";
import { become, go, showColumn } from "./go.js";
import { moveClock } from "./hands.js";
import { ANA, BEN, dm, FIRST_CHANNEL, store } from "./store.js";
import { toast } from "./toast.js";
import { LINE, ourRequest } from "./tour.js";

const SEEN_MS = 700;
const STEP_MS = 250;
const PATIENCE = 40;

/** Puts step 1's line into Ana's box. */
export function offerLine() {
  draft(ANA, FIRST_CHANNEL, LINE);
  if (store.me === ANA && store.channel === FIRST_CHANNEL) freshComposer();
}

export const SHOWN = [ask, approve, useIt, letItEnd, check];

async function ask() {
  showColumn("talk");
  await become(ANA, FIRST_CHANNEL);
  offerLine();
  await pause(SEEN_MS);
  byId("composer").querySelector(".send").click();
}

async function approve() {
  showColumn("talk");
  await become(BEN, FIRST_CHANNEL);
  const button = await waited(() => cardOf(ourRequest())?.querySelector('[data-label="Approve"]'));
  if (!button) return toast("No card with an Approve button is here yet.");
  button.scrollIntoView({ block: "center" });
  button.focus();
  button.classList.add("shown");
  await pause(SEEN_MS);
  return button.click();
}

async function useIt() {
  showColumn("talk");
  await become(ANA, FIRST_CHANNEL);
  await go(dm().id);
  await tryUntil((answer) => answer.allowed);
}

async function letItEnd() {
  await moveClock({ to: "end" });
}

async function check() {
  await become(ANA, FIRST_CHANNEL);
  await tryUntil((answer) => !answer.allowed);
  showColumn("talk");
  const card = await waited(() => cardOf(ourRequest()));
  card?.querySelector(".replies")?.click();
}

function cardOf(request) {
  const cards = [...byId("list").querySelectorAll(".message:not(.whisper)")];
  return cards.findLast((node) => request && node.textContent.includes(request.request));
}

async function waited(find) {
  for (let turn = 0; turn < PATIENCE; turn += 1) {
    const found = find();
    if (found) return found;
    await pause(STEP_MS);
  }
  return null;
}

/** Tries every cloud side by side, again while it may still change. */
async function tryUntil(enough) {
  store.tryAs = ANA;
  await Promise.all(store.world.clouds.map(async ({ cloud }) => {
    for (let turn = 0; turn < PATIENCE / 4; turn += 1) {
      const answer = await tryCloud(cloud, ANA);
      if (!answer || enough(answer)) break;
      await pause(STEP_MS * 4);
    }
  }));
}
