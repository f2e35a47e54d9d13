// Where the focus was, so that it can go back there.
import { byId } from "./dom.js";

/** Remembers a control, by name too: messages are drawn again while something lies before them. */
export const spot = (node = document.activeElement) =>
  ({ node, message: node?.closest?.("[data-key]")?.dataset.key, focus: node?.dataset?.focus });

/** Puts the focus back there, or at what stands there now, or else into the box one types in. */
export function backTo({ node, message, focus } = {}) {
  const [inside, control] = [message, focus].map((name) => CSS.escape(name ?? ""));
  const again = document.querySelector(`[data-key="${inside}"] [data-focus="${control}"]`);
  const target = node?.isConnected && node !== document.body ? node : again || byId("composer-text") || byId("list");
  document.activeElement?.blur(); // a closing dialog gives the focus back to a box that takes no keys yet
  target.focus();
}
