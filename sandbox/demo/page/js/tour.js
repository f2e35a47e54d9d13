// The five steps: what each asks for, and when the world really is in that state.
import { ANA, BEN, requestsOf, store } from "./store.js";

export const LINE = "/prod-access prod-db-readonly 15m INC-42 replication lag";
const GIVEN = ["starting", "live", "ending", "stuck", "ended"];
const NOT_GIVEN = {
  denied: "That request was denied, so nothing was given.",
  withdrawn: "That request was withdrawn, so nothing was given.",
  lapsed: "Nobody answered that request, so nothing was given.",
  not_given: "That request was not given, and nothing is left in any cloud.",
};
const KEY = "tour";

const saved = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
const skipped = new Set(saved.skipped ?? []);
const before = new Set(saved.before ?? []); // requests of earlier rounds

const save = () => sessionStorage.setItem(KEY, JSON.stringify({ skipped: [...skipped], before: [...before] }));

export const STEPS = [
  {
    short: "Ask",
    as: ANA,
    words: "You are Ana. Press Enter to ask for 15 minutes in the production databases.",
    done: (request) => Boolean(request),
  },
  {
    short: "Approve",
    as: BEN,
    words: "Become Ben and press Approve.",
    done: (request) => GIVEN.includes(request?.state),
  },
  {
    short: "Use it",
    as: ANA,
    words: "Become Ana, open her DM, and press Try in each cloud: allowed.",
    done: (request) => inEach(request, (cloud) => Boolean(allowed(request, cloud))),
  },
  {
    short: "Let it end",
    words: "Press “To the end” on the clock.",
    done: (request) => request?.state === "ended" && !held(request),
  },
  {
    short: "Check",
    words: "Try again: refused in all three. Then read the receipt in the card's thread.",
    done: (request) => request?.state === "ended" && inEach(request, (cloud) => refusedSince(request, cloud)),
  },
];

/** The request this round is about. */
export const ourRequest = () => requestsOf(ANA).find((line) => !before.has(line.request)) ?? null;

/** In a sentence, why this round cannot go on, or nothing. */
export const stopped = () => NOT_GIVEN[ourRequest()?.state] ?? "";

/** In every cloud that the request reaches. */
const inEach = (request, isSo) => Boolean(request?.clouds.length) && request.clouds.every(isSo);

const proofs = (request, cloud) => store.world.proofs.filter(
  (one) => one.person === ANA && one.request === request.request && one.cloud === cloud);
const allowed = (request, cloud) => proofs(request, cloud).findLast((one) => one.allowed);
const objects = () => store.world.clouds.flatMap((cloud) => cloud.objects);
const held = (request) => objects().some((one) => one.request === request.request);

function refusedSince(request, cloud) {
  const last = allowed(request, cloud)?.seq ?? 0;
  return proofs(request, cloud).some((one) => !one.allowed && one.seq > last);
}

export function progress() {
  const request = ourRequest();
  return STEPS.map((step, place) => ({ ...step, place, isDone: step.done(request), isSkipped: skipped.has(place) }));
}

/** The first step that is neither done nor skipped; -1 after the last. */
export const current = () => progress().findIndex((step) => !step.isDone && !step.isSkipped);

export function skip(place) {
  skipped.add(place);
  save();
}

/** Another world, another tour. */
export function freshTour() {
  skipped.clear();
  before.clear();
  save();
}

export function startAgain() {
  skipped.clear();
  for (const line of requestsOf(ANA)) before.add(line.request);
  save();
}
