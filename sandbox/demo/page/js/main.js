// Reads everything once, draws it, and draws again what changes.
import { slack, world } from "./api.js";
import { drawCloud } from "./cloud.js";
import { byId } from "./dom.js";
import { become, loadState, markRead, remembered } from "./go.js";
import { drawHands, tick } from "./hands.js";
import { drawHood } from "./hood.js";
import { listen } from "./live.js";
import { drawModal } from "./modal.js";
import { drawWho } from "./people.js";
import { drawSidebar } from "./sidebar.js";
import { keepLooking, takeWorld } from "./sight.js";
import { offerLine } from "./show.js";
import { drawSteps } from "./steps.js";
import { changed, on, store } from "./store.js";
import { drawMessages, drawTalk } from "./talk.js";
import { drawReplies, drawThread } from "./thread.js";
import { toast } from "./toast.js";
import { freshTour, ourRequest } from "./tour.js";

on("me place slack", () => {
  if (!store.slack) return;
  drawSidebar();
  drawTalk();
  drawModal();
});
on("me unread", drawWho);
on("me", () => store.world && drawSteps());
on("me place", drawThread);
on("messages place", drawMessages);
on("thread messages", drawReplies);
on("world", () => {
  drawHands();
  drawCloud();
  drawSteps();
  drawHood();
});

/** Reads who and what there is in the workspace. */
async function loadWorkspace() {
  const told = await slack.look("world");
  store.people = new Map(told.people.map((one) => [one.id, one]));
  store.groups = new Map(told.usergroups.map((one) => [one.id, one]));
  store.channels = new Map(told.channels.map((one) => [one.id, one]));
  store.app = told.app;
}

async function reload() {
  await loadWorkspace();
  await loadState();
  changed("me");
}

/** Slack is there at once; the clouds take as long to read as they take. */
async function start() {
  store.config = await world.look("config");
  byId("strip").textContent = store.config.strip;
  const looking = world.look("state");
  await loadWorkspace();
  const { me, channel } = remembered();
  await become(me, channel);
  byId("composer-text")?.focus();
  listen({ reload: () => reload().catch((error) => toast(error.message)) });
  begin(await looking);
  setInterval(tick, 250);
  document.addEventListener("visibilitychange", markRead);
  document.body.dataset.ready = "yes";
}

/** The tour starts where the world is. */
function begin(state) {
  if (!state.ledger.length) freshTour();
  takeWorld(state);
  if (!ourRequest() && !byId("composer-text")?.value) offerLine();
  keepLooking();
}

start().catch((error) => toast(`The demo could not start: ${error.message}`));
