// The channels this person is in, and their conversation with the app.
import { byId, h, reconcile, sign, span } from "./dom.js";
import { go, showColumn } from "./go.js";
import { store } from "./store.js";

export function drawSidebar() {
  const bar = byId("sidebar");
  const channels = store.slack?.channels ?? [];
  const dms = channels.filter((one) => one.kind === "dm");
  const items = [
    { key: "org", mark: "", draw: org },
    heading("Channels"),
    ...channels.filter((one) => one.kind !== "dm").map(row),
    ...(dms.length ? [heading("Direct messages")] : []),
    ...dms.map(row),
  ];
  reconcile(bar, items);
}

const org = () => h("p", { class: "org" }, sign(store.config.org[0], "org-sign"), store.config.org);

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
  const click = () => {
    go(channel.id);
    showColumn("talk");
  };
  const about = { "aria-current": here ? "page" : null, data: { focus: "channel" }, on: { click } };
  return h("button", { type: "button", class: unread ? "channel unread" : "channel", ...about },
    sign(lead, "lead"), span("channel-name", name),
    channel.shared ? span("unseen", " shared with another organisation") : null,
    unread ? span(channel.pings || isDm ? "count loud" : "count", String(unread), span("unseen", " unread")) : null);
}
