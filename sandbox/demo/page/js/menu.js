// Menus: a button, and a list that arrow keys walk, Escape closes and focus returns from.
import { h, sign } from "./dom.js";

let open = null;

/** Opens a menu under `anchor`, or closes it. Items: {label, note, checked, disabled, dot, danger, act}. */
export function toggleMenu(anchor, label, items) {
  if (open?.anchor === anchor) return closeMenu(true);
  closeMenu(false);
  const list = h("div", { class: "menu", role: "menu", "aria-label": label, popover: "manual" });
  list.append(...items.map((item) => (item.line ? h("hr") : entry(item))));
  show(anchor, list);
  (list.querySelector('[aria-checked="true"]') ?? list.querySelector("[role^=menuitem]"))?.focus();
}

/** Shows any panel under a button, with the same manners as a menu. */
export function togglePanel(anchor, panel) {
  if (open?.anchor === anchor) return closeMenu(true);
  closeMenu(false);
  panel.setAttribute("popover", "manual");
  show(anchor, panel);
  panel.querySelector("button, input, [tabindex]")?.focus();
}

function entry({ label, note, checked, disabled, dot, danger, lead, act }) {
  const role = checked === undefined ? "menuitem" : "menuitemradio";
  return h(
    "button",
    {
      type: "button", role, tabindex: "-1", class: danger ? "item danger" : "item", "aria-disabled": disabled ? "true" : null,
      "aria-checked": checked === undefined ? null : String(checked),
      on: { click: () => { if (!disabled) { closeMenu(true); act(); } } },
    },
    lead ?? null,
    h("span", { class: "item-words" }, h("span", { class: "item-label" }, label), note ? h("span", { class: "item-note" }, note) : null),
    dot ? h("span", { class: "dot" }, h("span", { class: "unseen" }, " has something to read")) : null,
    checked ? sign("✓", "tick") : null,
  );
}

function show(anchor, list) {
  (anchor.closest("dialog") ?? document.body).append(list);
  list.showPopover();
  place(anchor, list);
  anchor.setAttribute("aria-expanded", "true");
  list.addEventListener("keydown", walk);
  open = { anchor, list };
}

/** Under the anchor, or above it where there is more room; never off the screen. */
export function place(anchor, list) {
  const at = anchor.getBoundingClientRect();
  const { width, height } = list.getBoundingClientRect();
  const below = innerHeight - at.bottom;
  const top = below < height + 8 && at.top > below ? Math.max(8, at.top - height - 4) : at.bottom + 4;
  list.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
  list.style.top = `${top}px`;
  list.style.maxHeight = `${innerHeight - Math.max(8, top) - 8}px`;
}

export function closeMenu(back) {
  if (!open) return;
  const { anchor, list } = open;
  open = null;
  list.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (back) anchor.focus();
}

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

function walk(event) {
  if (event.key === "Escape" || event.key === "Tab") {
    event.stopPropagation();
    if (event.key === "Escape" || open.list.getAttribute("role") === "menu") {
      event.preventDefault();
      closeMenu(true);
    }
    return;
  }
  const items = [...open.list.querySelectorAll("[role^=menuitem]")];
  if (!items.length) return;
  const place = items.indexOf(document.activeElement);
  const ends = { Home: 0, End: items.length - 1 };
  const next = STEPS[event.key] ? (place + STEPS[event.key] + items.length) % items.length : ends[event.key];
  if (next === undefined) return;
  event.preventDefault();
  items[next].focus();
}

addEventListener("pointerdown", (event) => {
  if (open && !open.list.contains(event.target) && !open.anchor.contains(event.target)) closeMenu(false);
}, true);
addEventListener("resize", () => closeMenu(false));

/** A button with a menu; `items()` is asked each time it opens. */
export function menuButton(attributes, label, items, ...children) {
  const button = h("button", { type: "button", "aria-haspopup": "menu", "aria-expanded": "false", ...attributes }, ...children);
  button.addEventListener("click", () => toggleMenu(button, label, items()));
  return button;
}
