// The channels this person is in, and their conversation with the app.
import { byId, h, reconcile, sign } from "./dom.js";
import { go, showColumn } from "./go.js";
import { store } from "./store.js";

export function drawSidebar() {
  const bar = byId("sidebar");
  const channels = store.slack?.channels ?? [];
  const items = [
    { key: "org", mark: store.config.org, draw: () => h("p", { class: "org" }, sign(store.config.org[0], "org-sign"), store.config.org) },
    heading("Channels"),
    ...channels.filter((one) => one.kind !== "dm").map(row),
    heading("Direct messages"),
    ...channels.filter((one) => one.kind === "dm").map(row),
  ];
  reconcile(bar, items);
}

const heading = (words) => ({ key: words, mark: words, draw: () => h("h2", {}, words) });

function row(channel) {
  const here = channel.id === store.channel;
  const unread = here ? 0 : channel.unread;
  const mark = JSON.stringify([channel.name, here, unread, channel.pings]);
  return { key: channel.id, mark, draw: () => link(channel, here, unread) };
}

function link(channel, here, unread) {
  const isDm = channel.kind === "dm";
  const name = isDm ? "Prod Access" : channel.name;
  const lead = isDm ? "🔑" : channel.shared ? "🔗" : channel.kind === "private" ? "🔒" : "#";
  return h("button", {
    type: "button", class: unread ? "channel unread" : "channel", "aria-current": here ? "page" : null, data: { focus: "channel" },
    on: { click: () => { go(channel.id); showColumn("talk"); } },
  },
  sign(lead, "lead"), h("span", { class: "channel-name" }, name),
  channel.shared ? h("span", { class: "unseen" }, " shared with another organisation") : null,
  unread ? h("span", { class: channel.pings || isDm ? "count loud" : "count" }, String(unread), h("span", { class: "unseen" }, " unread")) : null);
}
