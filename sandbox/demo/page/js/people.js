// Who one is: the menu of people, what each is for, and a dot where something waits to be read.
import { slack } from "./api.js";
import { byId, h, oneAtATime, opener, reconcile, sign, span } from "./dom.js";
import { become } from "./go.js";
import { toggleMenu } from "./menu.js";
import { avatar } from "./message.js";
import { cast, changed, firstName, store } from "./store.js";

const FOR = {
  U0ANA: "asks for access",
  U0ANAADMIN: "her yes to herself does not count",
  U0BEN: "approves database requests",
  U0CHLOE: "approves platform requests, is paged when stuck",
  U0DEV: "ends an incident, hands out access",
  U0EMI: "gives the second yes, reviews emergencies",
  U0IVY: "is called by the pager, takes access in one click",
  U0FEMI: "is not linked yet, and reads how to be",
  U0GWEN: "may neither ask nor approve",
  U0HUGO: "clicks, and it does not count",
};
const GLANCE_MS = 600;

export function drawWho() {
  const me = store.people.get(store.me);
  const mark = JSON.stringify([store.me, others()]);
  reconcile(byId("who"), [{ key: "who", mark, draw: () => who(me) }]);
}

const others = () => cast().filter((one) => one.id !== store.me && store.unread.get(one.id)).map((one) => one.id);

function who(me) {
  const waits = others().length;
  const button = h("button", { ...opener("menu"), class: "person", data: { focus: "who" } },
    avatar(me.id), span("person-name", me.real_name), sign("▾"),
    waits ? span("dot", span("unseen", ` Unread: ${others().map(firstName).join(", ")}`)) : null);
  button.addEventListener("click", () => toggleMenu(button, "Be somebody else", cast().map(item)));
  return h("div", { class: "who-am-i" }, span("you-are", "You are"), button, span("title", titleOf(me)));
}

/** In the middle of a line: engineer, but Northwind. */
const titleOf = ({ title, external }) => (external ? title : title.charAt(0).toLowerCase() + title.slice(1));

const item = (person) => ({
  label: person.real_name,
  note: `${person.title}: ${FOR[person.id] ?? "somebody else"}`.replace(/: somebody else$/, ""),
  lead: avatar(person.id),
  checked: person.id === store.me,
  dot: person.id !== store.me && Boolean(store.unread.get(person.id)),
  act: () => become(person.id).then(() => byId("composer-text")?.focus()),
});

/** Looks over everybody's shoulder for unread messages, one after the other so that nothing else waits. */
const lookAround = oneAtATime(async () => {
  const unread = new Map();
  for (const person of cast()) {
    const told = await slack.look("state", { user: person.id }).catch(() => null);
    unread.set(person.id, (told?.channels ?? []).reduce((sum, one) => sum + calls(one), 0));
  }
  store.unread = unread;
  changed("unread");
});

/** What in a conversation calls somebody: mentions, and anything in their own with the app. */
const calls = ({ pings, kind, unread }) => (kind === "dm" ? unread : pings);

let timer = null;

/** Soon, once for many changes. */
export function glance() {
  timer ??= setTimeout(() => {
    timer = null;
    lookAround();
  }, GLANCE_MS);
}
