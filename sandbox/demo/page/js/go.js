// Being somebody, somewhere: who one is, which conversation is open, and what has to be read for it.
import { slack } from "./api.js";
import { byId, oneAtATime } from "./dom.js";
import { changed, FIRST_CHANNEL, placeNow, store } from "./store.js";
import { announce, saying } from "./toast.js";
import { spoken } from "./mrkdwn.js";
import { closeThread, loadThread } from "./thread.js";

/** Reads what surrounds the messages: channels, unread marks, forms, Home. */
export const loadState = oneAtATime(async () => {
  const { me } = store;
  const told = await saying(() => slack.look("state", { user: me }));
  if (!told || me !== store.me) return;
  store.slack = told;
  changed("slack");
});

export const loadMessages = oneAtATime(async () => {
  const place = placeNow();
  const told = await saying(() => slack.look("messages", { user: store.me, channel: store.channel }));
  if (!told || place !== placeNow()) return;
  if (store.loaded === place) tellNew(told.messages);
  store.messages = told.messages;
  store.loaded = place;
  changed("messages");
  markRead();
});

function tellNew(messages) {
  const known = new Set(store.messages.map((one) => one.ts));
  for (const one of messages) {
    const whispered = one.only_you ? "Only you see this. " : "";
    if (!known.has(one.ts) && one.user !== store.me) announce(`${whispered}${one.author}: ${spoken(one.text)}`);
  }
}

let readUpTo = "";

/** What is in front of somebody's eyes is read. */
export function markRead() {
  if (document.hidden || store.tab === "home" || store.loaded !== placeNow()) return;
  const newest = `${store.loaded}|${store.messages.findLast((one) => !one.only_you)?.ts}`;
  if (newest === readUpTo) return;
  readUpTo = newest;
  saying(() => slack.does("read", { channel: store.channel }));
}

/** Opens a conversation. */
export async function go(channel, { tab = "messages" } = {}) {
  const same = store.channel === channel && store.tab === tab;
  store.channel = channel;
  store.tab = tab;
  if (!same) closeThread({ focus: false });
  remember();
  changed("place");
  await Promise.all([loadMessages(), loadThread()]);
}

/** Becomes somebody else, in the same conversation where they are in it, once all of it is read. */
export async function become(person, channel = store.channel) {
  const told = await saying(() => slack.look("state", { user: person }));
  if (!told) return;
  const there = told.channels;
  const wanted = [channel, FIRST_CHANNEL].find((id) => there.some((one) => one.id === id)) ?? there[0]?.id;
  const read = await saying(() => slack.look("messages", { user: person, channel: wanted }));
  if (!read) return;
  closeThread({ focus: false });
  Object.assign(store, { me: person, slack: told, channel: wanted, tab: "messages", messages: read.messages });
  store.loaded = placeNow();
  remember();
  changed("me", "place", "messages");
  markRead();
}

function remember() {
  history.replaceState(null, "", `#${store.me}/${store.channel}`);
}

/** Who and where the address says; two windows may be two people. */
export function remembered() {
  const [me, channel] = location.hash.slice(1).split("/");
  return { me: store.people.has(me) ? me : store.me, channel: channel || store.channel };
}

/** On a narrow screen one column is in front: channels, talk or cloud. */
export function showColumn(name) {
  byId("app").dataset.column = name;
}
