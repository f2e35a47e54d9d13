// Making and keeping elements. Words only ever become text nodes: nothing here parses HTML.

/** An element: `h("p", { class: "note", on: { click } }, "words", child, null)`. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) set(node, name, value);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function set(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
  else if (name === "data") Object.assign(node.dataset, value);
  else node.setAttribute(name, value === true ? "" : value);
}

/** An icon that says nothing by itself. */
export const sign = (text, kind = "sign") => h("span", { class: kind, "aria-hidden": "true" }, text);

export const byId = (id) => document.getElementById(id);

/** A small button with a label for those who do not see its sign. */
export function iconButton(label, icon, act, attributes = {}) {
  const all = { type: "button", class: "icon", "aria-label": label, title: label, on: { click: act }, ...attributes };
  return h("button", all, sign(icon));
}

/** A button with words on it. */
export function textButton(words, act, { kind = "tiny", focus = words, ...attributes } = {}) {
  const all = { type: "button", class: `button ${kind}`, data: { focus }, on: { click: act }, ...attributes };
  return h("button", all, words);
}

/** Words with a class of their own. */
export const span = (kind, ...words) => h("span", { class: kind }, ...words);

/** Attributes of what opens something, until it is open. */
export const opener = (what) => ({ type: "button", "aria-haspopup": what, "aria-expanded": "false" });

const marks = new WeakMap();

/**
 * Makes the children of `parent` those of `items` ({key, mark, draw}), keeping every node whose mark is the
 * same where it is, so that what is typed, scrolled or focused in it stays. Focus in a node that had to be
 * drawn again goes to the same control in the new one, or else to the new node itself.
 */
export function reconcile(parent, items) {
  const held = holder(parent);
  const before = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const nodes = items.map((item) => kept(before.get(item.key), item) ?? drawn(item));
  const wanted = new Set(nodes);
  for (const node of [...parent.children]) if (!wanted.has(node)) node.remove();
  nodes.forEach((node, place) => {
    if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
  });
  refocus(parent, held);
}

function kept(node, { mark }) {
  return node && marks.get(node) === mark ? node : null;
}

function drawn({ key, mark, draw }) {
  const node = draw();
  node.dataset.key = key;
  marks.set(node, mark);
  return node;
}

function holder(parent) {
  const active = document.activeElement;
  if (!active || active === parent || !parent.contains(active)) return null;
  const item = [...parent.children].find((child) => child.contains(active));
  return { key: item?.dataset.key, focus: active.dataset.focus };
}

function refocus(parent, held) {
  if (!held || (document.activeElement && document.activeElement !== document.body)) return;
  const item = [...parent.children].find((child) => child.dataset.key === held.key);
  const control = held.focus && item?.querySelector(`[data-focus="${CSS.escape(held.focus)}"]`);
  const target = control || item || parent;
  if (!control && !target.hasAttribute("tabindex")) target.setAttribute("tabindex", "-1");
  target.focus({ preventScroll: true });
}

/** Lets only one run of an async function be under way; calls meanwhile cause one more. */
export function oneAtATime(work) {
  let running = null;
  let again = false;
  const run = async () => {
    do {
      again = false;
      await work();
    } while (again);
  };
  return () => {
    again = true;
    running ??= run().finally(() => (running = null));
    return running;
  };
}

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
