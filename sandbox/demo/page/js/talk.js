// The middle column: head, messages or Home, composer.
import { slack } from "./api.js";
import { blockOf, markOf } from "./blocks.js";
import { drawComposer } from "./composer.js";
import { byId, h, iconButton, reconcile, textButton } from "./dom.js";
import { go, showColumn } from "./go.js";
import { drawList } from "./list.js";
import { channelNow, placeNow, store } from "./store.js";
import { saying } from "./toast.js";

let listFor = "";
let composerFor = "";

export function drawTalk() {
  const channel = channelNow();
  if (!channel) return;
  drawHead(channel);
  const home = channel.kind === "dm" && store.tab === "home";
  byId("list").hidden = home;
  byId("home").hidden = !home;
  byId("composer").hidden = home;
  byId("talk").setAttribute("aria-label", channel.kind === "dm" ? "Prod Access" : `#${channel.name}`);
  if (composerFor !== placeNow()) {
    composerFor = placeNow();
    drawComposer(byId("composer"));
  }
  if (home) drawHome();
}

/** Draws the composer again although nobody went anywhere, to show a draft. */
export function freshComposer() {
  drawComposer(byId("composer"));
  byId("composer-text")?.focus();
}

function drawHead(channel) {
  const isDm = channel.kind === "dm";
  const mark = JSON.stringify([channel, store.tab, store.app.home_tab]);
  const head = [
    { key: "menu", mark: "", draw: menuOfChannels },
    { key: "name", mark, draw: () => h("h1", {}, isDm ? "Prod Access" : `# ${channel.name}`) },
    { key: "note", mark, draw: () => (isDm ? tabs() : h("p", { class: "muted members" }, members(channel))) },
    { key: "cloud", mark: "", draw: cloudButton },
  ];
  reconcile(byId("talk-head"), head);
}

const NARROW = { class: "icon only-narrow", data: { focus: "menu" } };
const menuOfChannels = () => iconButton("Channels", "☰", () => showColumn(column("channels")), NARROW);

const cloudButton = () =>
  textButton("Cloud", () => showColumn(column("cloud")), { kind: "tiny only-narrow end", focus: "cloud" });

const column = (name) => (byId("app").dataset.column === name ? "talk" : name);

const members = (channel) => {
  const people = `${channel.members.length} members`;
  return channel.shared ? `${people}, shared with Northwind` : people;
};

function tabs() {
  const about = (name) => ({ class: "tab", focus: `tab-${name}`, "aria-pressed": String(store.tab === name) });
  const tab = (name, words) => textButton(words, () => open(name), about(name));
  return h("div", { class: "tabs" }, store.app.home_tab ? tab("home", "Home") : null, tab("messages", "Messages"));
}

async function open(tab) {
  await go(store.channel, { tab });
  await saying(() => slack.does("home", { tab }));
}

export function drawMessages() {
  if (store.loaded !== placeNow()) return;
  const start = listFor !== store.loaded;
  listFor = store.loaded;
  const list = byId("list");
  drawList(list, store.messages, { start });
  list.classList.toggle("empty", store.messages.length === 0);
}

function drawHome() {
  const view = store.slack?.home;
  const home = byId("home");
  if (!view) return home.replaceChildren(h("p", { class: "muted" }, "Nothing here yet."));
  const where = { view_id: view.id };
  const draw = (block) => () => blockOf(block, where, { values: view.state.values });
  return reconcile(home, view.blocks.map((block) => ({ key: block.block_id, mark: markOf(block), draw: draw(block) })));
}
