// Menus: a button, and a list that arrow keys walk, Escape closes and focus returns from.
import { h, opener, sign, span } from "./dom.js";
import { backTo, spot } from "./focus.js";

let open = null;

/** Opens a menu under `anchor`, or closes it. Items: {label, note, lead, checked, disabled, dot, act}. */
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

function entry({ label, note, checked, disabled, dot, lead, act }) {
  const role = checked === undefined ? "menuitem" : "menuitemradio";
  const click = () => {
    if (disabled) return;
    closeMenu(true);
    act();
  };
  const isChecked = checked === undefined ? null : String(checked);
  const state = { "aria-disabled": disabled ? "true" : null, "aria-checked": isChecked };
  return h("button", { type: "button", role, tabindex: "-1", class: "item", on: { click }, ...state },
    lead ?? null,
    span("item-words", span("item-label", label), note ? span("item-note", note) : null),
    dot ? span("dot", span("unseen", " has something to read")) : null,
    checked ? sign("✓", "tick") : null);
}

function show(anchor, list) {
  (anchor.closest("dialog") ?? document.body).append(list);
  list.showPopover();
  place(anchor, list);
  anchor.setAttribute("aria-expanded", "true");
  list.addEventListener("keydown", walk);
  open = { anchor, list, from: spot(anchor) };
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
  const { anchor, list, from } = open;
  open = null;
  list.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (back) backTo(from);
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
  const button = h("button", { ...opener("menu"), ...attributes }, ...children);
  button.addEventListener("click", () => toggleMenu(button, label, items()));
  return button;
}
