// Block Kit, drawn. `where` is {channel, ts} or {view_id}; `code` draws a block of code.
import { words } from "./confirm.js";
import { h } from "./dom.js";
import { field } from "./fields.js";
import { mrkdwn } from "./mrkdwn.js";
import { button, overflow } from "./press.js";
import { richText } from "./richtext.js";

const PRESSED = { button, overflow };

export const blockOf = (block, where, options = {}) =>
  (BLOCKS[block.type] ?? unknown)(block, where, options);

const BLOCKS = {
  section,
  context: (block) => h("div", { class: "block context" }, ...block.elements.map(small)),
  actions: (block, where, options) =>
    h("div", { class: "block actions" }, ...block.elements.map((one) => interactive(one, block, where, options))),
  header: (block) => h("h2", { class: "block header" }, words(block.text)),
  divider: () => h("hr", { class: "block divider" }),
  rich_text: (block, _where, options) => h("div", { class: "block" }, richText(block, options)),
  markdown: (block) => h("div", { class: "block words" }, block.text),
  alert: (block) => h("div", { class: `block alert ${block.level ?? "default"}`, role: "note" }, words(block.text)),
  image: (block) => h("p", { class: "block muted" }, `Picture: ${block.alt_text}`),
};

const unknown = (block) => h("p", { class: "block muted" }, `A block of type ${block.type} is not drawn here.`);

function section(block, where, options) {
  const said = (text) => h("div", { class: "words" }, words(text, options));
  const main = h("div", { class: "section-main" },
    block.text ? said(block.text) : null,
    block.fields ? h("div", { class: "fields" }, ...block.fields.map(said)) : null);
  return h("div", { class: "block section" }, main, block.accessory ? beside(block, where, options) : null);
}

const beside = (block, where, options) =>
  h("div", { class: "accessory" }, interactive(block.accessory, block, where, options));

const small = (one) =>
  one.type === "image" ? h("span", { class: "muted" }, one.alt_text) : h("span", { class: "words" }, words(one));

let numbered = 0;

function interactive(element, block, where, { values } = {}) {
  if (PRESSED[element.type]) return PRESSED[element.type](element, block, where);
  if (element.type === "image") return h("span", { class: "muted" }, element.alt_text);
  const value = values?.[block.block_id]?.[element.action_id];
  const made = field(element, block, where, { id: `field-${(numbered += 1)}`, value });
  made.node.querySelector?.("input")?.setAttribute("aria-label", element.placeholder?.text ?? "Choose");
  return made.node;
}

/** The mark by which reconcile knows a block: the same as long as the block is. */
export const markOf = (block) => JSON.stringify(block);

export { mrkdwn };
