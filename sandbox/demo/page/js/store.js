// What the page knows, all of it read from the two APIs, and who wants to hear when it changes.

export const ANA = "U0ANA";
export const BEN = "U0BEN";
export const FIRST_CHANNEL = "C0DB";

export const store = {
  config: null, // GET /world/config
  world: null, // GET /world/state
  offset: 0, // how far the world's clock is ahead of this machine's
  people: new Map(), // id → person
  groups: new Map(), // id → usergroup
  channels: new Map(), // id → channel, direct messages aside
  app: null, // the app, as Slack has it
  me: ANA,
  slack: null, // GET /page/state of the person one is
  channel: FIRST_CHANNEL,
  tab: "messages", // of the app's own conversation: messages or home
  messages: [],
  loaded: "", // whose and which channel `messages` are
  thread: null, // the ts of the parent
  replies: [],
  unread: new Map(), // person → how many messages wait, of everybody
  tryAs: ANA,
};

const listeners = new Map();

/** Calls `act` whenever one of these topics changed: me, place, slack, messages, thread, world, unread. */
export function on(topics, act) {
  for (const topic of topics.split(" ")) listeners.set(topic, [...(listeners.get(topic) ?? []), act]);
}

export function changed(...topics) {
  const acts = new Set(topics.flatMap((topic) => listeners.get(topic) ?? []));
  for (const act of acts) act();
}

/** Seconds since the epoch, as the world's clock has it. */
export const now = () => Date.now() / 1000 + store.offset;

export const nameOf = (id) => store.people.get(id)?.real_name ?? id;

export const firstName = (id) => nameOf(id).split(" ")[0];

export const placeNow = () => `${store.me}|${store.channel}`;

export const channelNow = () => store.slack?.channels.find((one) => one.id === store.channel) ?? null;

export const dm = () => store.slack?.channels.find((one) => one.kind === "dm") ?? null;

/** People who can act here: neither bots nor accounts that were closed. */
export const cast = () => [...store.people.values()].filter((one) => !one.bot && !one.deleted);

/** The requests of a person as the ledger has them, the newest first. */
export const requestsOf = (person) =>
  (store.world?.ledger ?? []).filter((line) => line.person === person).toReversed();
