// Buttons and overflow menus of messages, modals and the Home tab.
import { slack } from "./api.js";
import { confirmed, words } from "./confirm.js";
import { withEmoji } from "./emoji.js";
import { h, sign } from "./dom.js";
import { menuButton } from "./menu.js";
import { flushed } from "./fill.js";
import { saying, toast } from "./toast.js";

const STYLES = { primary: "button primary", danger: "button danger" };

export function button(element, block, where) {
  const node = h("button", {
    type: "button", class: STYLES[element.style] ?? "button", "aria-label": element.accessibility_label,
    data: { focus: `${block.block_id}/${element.action_id}`, label: element.text.text },
  }, words(element.text));
  node.addEventListener("click", () => press(node, element, block, where, {}));
  return node;
}

export function overflow(element, block, where) {
  const items = () => element.options.map((option) => ({
    label: withEmoji(option.text.text),
    note: option.description ? withEmoji(option.description.text) : "",
    act: () => press(node, element, block, where, { value: option.value, url: option.url }),
  }));
  const node = menuButton({
    class: "button overflow", "aria-label": "More choices", title: "More choices",
    data: { focus: `${block.block_id}/${element.action_id}` },
  }, "More choices", items, sign("⋯"));
  return node;
}

async function press(node, element, block, where, { value, url = element.url }) {
  if (node.getAttribute("aria-busy") === "true") return;
  if (element.confirm && !(await confirmed(element.confirm))) return;
  if (url && /^https?:/i.test(url)) open(url, "_blank", "noopener,noreferrer");
  node.setAttribute("aria-busy", "true");
  await flushed();
  const which = { block_id: block.block_id, action_id: element.action_id, value };
  const outcome = await saying(() => slack.does("click", { ...where, ...which, confirmed: Boolean(element.confirm) }));
  node.removeAttribute("aria-busy");
  if (outcome?.seen) toast(outcome.seen);
}
