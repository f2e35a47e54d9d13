// The fields of forms. Each answers {node, focus(), take(value)}: `take` shows what Slack says it holds.
import { words } from "./confirm.js";
import { h } from "./dom.js";
import { fill, later } from "./fill.js";
import { select } from "./select.js";

const TYPING_MS = 200;
const NOT_DRAWN = "This field is not drawn in this pretend Slack.";
const HELD = { radio_buttons: "selected_option", datepicker: "selected_date", timepicker: "selected_time" };

export function field(element, block, where, { id, value, describedby }) {
  const place = { ...where, block_id: block.block_id, action_id: element.action_id };
  const draw = FIELDS[element.type];
  if (!draw) return { node: h("p", { class: "muted" }, NOT_DRAWN), focus() {}, take() {} };
  return draw({ element, block, place, id, value, describedby });
}

const FIELDS = {
  plain_text_input: (told) => text(told, told.element.multiline ? "textarea" : "input", "text"),
  email_text_input: (told) => text(told, "input", "email"),
  url_text_input: (told) => text(told, "input", "url"),
  number_input: (told) => text(told, "input", "number"),
  datepicker: (told) => native(told, "date"),
  timepicker: (told) => native(told, "time"),
  radio_buttons: (told) => choices(told, "radio"),
  checkboxes: (told) => choices(told, "checkbox"),
  static_select: select,
  external_select: select,
  users_select: select,
  channels_select: select,
  conversations_select: select,
};

const dispatches = ({ element, block }) =>
  Boolean(block.dispatch_action) || block.type !== "input" || element.dispatch_action_config;

/** By which a field is found again when its form is drawn again. */
const named = ({ block_id, action_id }, element) =>
  ({ focus: `${block_id}/${action_id}`, load: element.focus_on_load ? "1" : "" });

const whenTyped = ({ element }) =>
  (element.dispatch_action_config?.trigger_actions_on ?? []).includes("on_character_entered");

function text(told, tag, type) {
  const { element, place, id, value, describedby } = told;
  const kind = tag === "input" ? { type } : { rows: "3" };
  const node = h(tag, {
    id, class: "input", "aria-describedby": describedby, autocomplete: "off", data: named(place, element), ...kind,
    placeholder: element.placeholder?.text, maxlength: element.max_length,
  });
  node.value = value?.value ?? "";
  let held = node.value;
  const tell = later(() => {
    held = node.value;
    fill(place, node.value || null);
  }, TYPING_MS);
  const waits = dispatches(told) && !whenTyped(told);
  node.addEventListener("input", () => (waits ? null : tell.soon()));
  node.addEventListener("change", () => { if (node.value !== held) { tell.soon(); tell.now(); } });
  return {
    node,
    focus: () => node.focus(),
    typed: () => (node.value === held ? null : node.value),
    take: (state) => {
      if (document.activeElement !== node && node.value === held) held = node.value = state?.value ?? "";
    },
  };
}

function native({ element, place, id, value, describedby }, type) {
  const key = HELD[element.type];
  const node = h("input", { id, type, class: "input", "aria-describedby": describedby, data: named(place, element) });
  node.value = value?.[key] ?? "";
  node.addEventListener("change", () => fill(place, node.value || null));
  return { node, focus: () => node.focus(), take: (state) => { node.value = state?.[key] ?? ""; } };
}

function choices({ element, place, id, value, describedby }, type) {
  const boxes = element.options.map((option, at) => box(option, type, id, at, () => fill(place, chosen())));
  const chosen = () => {
    const values = boxes.filter((one) => one.input.checked).map((one) => one.input.value);
    return type === "radio" ? values[0] ?? null : values;
  };
  const take = (state) => {
    const held = type === "radio" ? [state?.selected_option] : state?.selected_options ?? [];
    const values = held.filter(Boolean).map((option) => option.value);
    for (const { input } of boxes) input.checked = values.includes(input.value);
  };
  take(value);
  const about = { role: "group", id, class: "choices", "aria-describedby": describedby };
  const node = h("div", about, ...boxes.map((one) => one.node));
  return { node, focus: () => boxes[0]?.input.focus(), take };
}

function box(option, type, id, at, change) {
  const input = h("input", { type, name: id, id: `${id}-${at}`, value: option.value, on: { change } });
  const note = option.description ? h("span", { class: "item-note" }, words(option.description)) : null;
  const node = h("label", { class: "choice", for: `${id}-${at}` }, input, h("span", {}, words(option.text), note));
  return { input, node };
}
