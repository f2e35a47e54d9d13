// The form in front: the top modal Slack says is open for this person.
import { slack } from "./api.js";
import { blockOf, markOf } from "./blocks.js";
import { words } from "./confirm.js";
import { h, iconButton, reconcile, textButton } from "./dom.js";
import { field } from "./fields.js";
import { flushed } from "./fill.js";
import { backTo, spot } from "./focus.js";
import { store } from "./store.js";
import { saying, toast } from "./toast.js";

let shown = null; // {dialog, id, fields, parts}
let before = null; // what had the focus when the first form opened
let numbered = 0;

/** Draws what Slack has open: called whenever that changes. */
export function drawModal() {
  const view = store.slack?.views.at(-1);
  if (!view) return put(null);
  if (shown?.id !== view.id) put(view);
  redraw(view);
  return undefined;
}

function put(view) {
  if (shown) {
    shown.dialog.close();
    shown.dialog.remove();
    shown = null;
    if (!view) focusBack();
  }
  if (!view) return;
  before ??= spot();
  shown = { ...frame(view), id: view.id, fields: new Map() };
  document.body.append(shown.dialog);
  shown.dialog.showModal();
}

function focusBack() {
  backTo(before ?? undefined);
  before = null;
}

function frame(view) {
  const title = h("h1", { id: "modal-title" });
  const body = h("div", { class: "dialog-body" });
  const notice = h("p", { class: "notice", role: "alert" });
  const foot = h("footer");
  const cross = iconButton("Close", "✕", () => close(true));
  const form = h("form", { novalidate: true }, h("header", {}, title, cross), body, notice, foot);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  const dialog = h("dialog", { class: "dialog modal", "aria-labelledby": "modal-title" }, form);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close(false);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    submit();
  });
  return { dialog, title, body, notice, foot, focused: view.id };
}

function redraw(view) {
  const { title, body, notice, foot, dialog } = shown;
  title.replaceChildren(words(view.title));
  notice.textContent = view.notice ?? "";
  reconcile(body, view.blocks.map((block) => item(block, view)));
  for (const block of view.blocks) refresh(block, view);
  const mark = JSON.stringify([view.close, view.submit]);
  reconcile(foot, [{ key: "foot", mark, draw: () => buttons(view) }]);
  if (!dialog.contains(document.activeElement) || shown.focused === view.id) first();
}

function item(block, view) {
  const [key, where, { values }] = [block.block_id, { view_id: view.id }, view.state];
  if (block.type === "input") return { key, mark: inputMark(block), draw: () => input(block, view, where) };
  return { key, mark: markOf(block), draw: () => blockOf(block, where, { values }) };
}

/** What a field was set to at first does not matter once it is there. */
const inputMark = (block) =>
  JSON.stringify(block, (name, value) => (name.startsWith("initial_") ? undefined : value));

function input(block, view, where) {
  const id = `input-${(numbered += 1)}`;
  const typed = shown.fields.get(block.block_id)?.typed?.();
  const value = typed == null ? view.state.values[block.block_id]?.[block.element.action_id] : { value: typed };
  const made = field(block.element, block, where, { id, value, describedby: `${id}-hint ${id}-error` });
  shown.fields.set(block.block_id, made);
  return h("div", { class: "block field" },
    h("label", { for: id }, words(block.label), block.optional ? h("span", { class: "muted" }, " (optional)") : null),
    made.node,
    h("p", { class: "hint", id: `${id}-hint` }, block.hint ? words(block.hint) : ""),
    h("p", { class: "error", id: `${id}-error` }));
}

/** Shows what Slack holds, and its complaint. */
function refresh(block, view) {
  if (block.type !== "input") return;
  const node = [...shown.body.children].find((one) => one.dataset.key === block.block_id);
  const error = view.errors[block.block_id] ?? "";
  node.querySelector(".error").textContent = error;
  node.querySelector("input, textarea")?.setAttribute("aria-invalid", String(Boolean(error)));
  shown.fields.get(block.block_id)?.take(view.state.values[block.block_id]?.[block.element.action_id]);
}

function buttons(view) {
  const cancel = view.close ? words(view.close) : "Cancel";
  const sends = { type: "submit", class: "button primary full", data: { focus: "submit" } };
  return h("div", { class: "foot" },
    textButton(cancel, () => close(false), { kind: "", focus: "close" }),
    view.submit ? h("button", sends, words(view.submit)) : null);
}

function first() {
  shown.focused = null;
  const wanted = shown.body.querySelector("[data-load='1']") ?? shown.body.querySelector("input, textarea, button");
  (wanted ?? shown.foot.querySelector("button")).focus();
  if (wanted?.matches("textarea, input[type=text]")) wanted.setSelectionRange(wanted.value.length, wanted.value.length);
}

async function submit() {
  const button = shown.foot.querySelector("[type=submit]");
  if (!button || button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  await flushed();
  const outcome = await saying(() => slack.does("submit", { view_id: shown?.id }));
  button.removeAttribute("aria-busy");
  if (outcome?.outcome === "invalid" || Object.keys(outcome?.errors ?? {}).length) faulty(outcome.errors);
}

function faulty(errors) {
  shown?.fields.get(Object.keys(errors)[0])?.focus();
}

async function close(all) {
  const outcome = await saying(() => slack.does("close", { view_id: shown.id, all }));
  if (outcome?.seen) toast(outcome.seen);
}
