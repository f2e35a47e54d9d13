// rich_text blocks: somebody's words exactly as written, with only the styles the block itself names.
import { emoji } from "./emoji.js";
import { h } from "./dom.js";
import { channelName, codeBlock, groupName, link, mention, moment } from "./mrkdwn.js";

export function richText(block, { code = codeBlock } = {}) {
  return h("div", { class: "rich" }, ...block.elements.map((part) => PARTS[part.type]?.(part, code) ?? ""));
}

const PARTS = {
  rich_text_section: (part) => h("div", { class: "rich-line" }, ...words(part)),
  rich_text_quote: (part) => h("blockquote", { class: "quote" }, ...words(part)),
  rich_text_preformatted: (part, code) => code(h("p", {}, ...words(part)).textContent),
  rich_text_list: (part) =>
    h(part.style === "ordered" ? "ol" : "ul", { class: `rich-list indent-${part.indent ?? 0}` },
      ...part.elements.map((item) => h("li", {}, ...words(item)))),
};

const words = (part) => part.elements.map((one) => styled(one.style, (INLINE[one.type] ?? unknown)(one)));

const INLINE = {
  text: (one) => one.text,
  link: (one) => link(one.url, one.text),
  emoji: (one) => emoji(one.name) ?? `:${one.name}:`,
  user: (one) => mention(one.user_id),
  usergroup: (one) => groupName(one.usergroup_id),
  channel: (one) => channelName(one.channel_id),
  broadcast: (one) => h("span", { class: "mention me" }, `@${one.range}`),
  color: (one) => one.value,
  date: (one) => moment(one.timestamp, one.format, one.url, one.fallback),
};

const unknown = () => "";

const TAGS = { bold: "b", italic: "i", strike: "s", code: "code", underline: "u", highlight: "mark" };

function styled(style, node) {
  const names = Object.keys(style ?? {}).filter((name) => style[name] && TAGS[name]);
  return names.reduce((inner, name) => h(TAGS[name], {}, inner), node);
}
