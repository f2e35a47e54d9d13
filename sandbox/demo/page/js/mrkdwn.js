// Slack's mrkdwn as elements. What is not its notation stays the text it was.
import { emoji } from "./emoji.js";
import { h } from "./dom.js";
import { nameOf, store } from "./store.js";
import { fullTime, slackDate } from "./time.js";

const unescaped = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

const styled = (mark) => `(?<![\\w${mark}])${mark}(?=\\S)([^${mark}\\n]*?\\S)${mark}(?![\\w${mark}])`;
const INLINE = new RegExp(
  `<([^<>\\n]+)>|\`([^\`\\n]+)\`|${styled("\\*")}|${styled("_")}|${styled("~")}|:([a-z0-9_+-]+):`,
);

/** A text of type mrkdwn; `code(lines)` draws a block of code. */
export function mrkdwn(text, { code = codeBlock } = {}) {
  const parts = String(text).split(/```\n?([\s\S]*?)\n?```/);
  const out = document.createDocumentFragment();
  parts.forEach((part, place) => {
    if (place % 2) out.append(code(unescaped(part)));
    else if (part) out.append(...lines(part));
  });
  return out;
}

export const codeBlock = (words) => h("pre", { class: "code" }, words);

function* lines(text) {
  let quote = [];
  const all = text.replace(/^\n|\n$/g, "").split("\n");
  for (const [place, line] of all.entries()) {
    const quoted = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (quoted) quote.push(quoted[1]);
    if (quoted && place < all.length - 1) continue;
    if (quote.length) yield h("blockquote", { class: "quote" }, ...broken(quote));
    quote = [];
    if (!quoted) yield h("span", { class: "line" }, ...inline(line), place < all.length - 1 ? "\n" : null);
  }
}

const broken = (rows) => rows.flatMap((row, place) => [...(place ? [h("br")] : []), ...inline(row)]);

function inline(text) {
  const found = INLINE.exec(text);
  if (!found) return text ? [unescaped(text)] : [];
  const rest = text.slice(found.index + found[0].length);
  return [...plainText(text.slice(0, found.index)), token(found), ...inline(rest)];
}

const plainText = (text) => (text ? [unescaped(text)] : []);

function token([whole, angle, code, bold, italic, strike, name]) {
  if (angle !== undefined) return bracket(angle);
  if (code !== undefined) return h("code", {}, unescaped(code));
  if (bold !== undefined) return h("b", {}, ...inline(bold));
  if (italic !== undefined) return h("i", {}, ...inline(italic));
  if (strike !== undefined) return h("s", {}, ...inline(strike));
  return emoji(name) ?? whole;
}

function bracket(inside) {
  const [target, label] = inside.split(/\|(.*)/s);
  if (target.startsWith("@")) return mention(target.slice(1));
  if (target.startsWith("#")) return channelName(target.slice(1), label);
  if (target.startsWith("!")) return special(target.slice(1), label);
  return link(unescaped(target), label === undefined ? undefined : unescaped(label));
}

export function mention(id) {
  return h("span", { class: id === store.me ? "mention me" : "mention" }, `@${nameOf(id)}`);
}

export function channelName(id, label) {
  return h("span", { class: "mention" }, `#${store.channels.get(id)?.name ?? (label || "private channel")}`);
}

function special(words, label) {
  const [kind, ...rest] = words.split("^");
  if (kind === "date") return moment(Number(rest[0]), rest[1] ?? "", rest[2], label);
  if (kind === "subteam") return groupName(rest[0]);
  return h("span", { class: "mention me" }, `@${kind}`);
}

export const groupName = (id) => h("span", { class: "mention" }, `@${store.groups.get(id)?.handle ?? "group"}`);

export function moment(seconds, words, url, fallback) {
  if (!Number.isFinite(seconds)) return fallback ?? "";
  const iso = new Date(seconds * 1000).toISOString();
  const time = h("time", { datetime: iso, title: fullTime(seconds) }, unescaped(slackDate(seconds, words)));
  return url ? link(url, time) : time;
}

/** A link, where it leads to the web or a mailbox; anything else stays text. */
export function link(url, label) {
  if (!/^(https?:\/\/|mailto:)/i.test(url)) return label ?? url;
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, label || url);
}

/** The words alone, as they are read aloud. */
export const spoken = (text) => h("p", {}, mrkdwn(text)).textContent;
