// "Use it": the lines a message prints, run as they are in that person's terminal.
import { world } from "./api.js";
import { h, textButton } from "./dom.js";
import { codeBlock } from "./mrkdwn.js";
import { store } from "./store.js";
import { toast } from "./toast.js";

const shown = new Map(); // person and lines → {output, ok}

/** A block of code with buttons, where the app printed it into one's own conversation with it. */
export function usableCode(words) {
  const lines = words.split("\n").map((line) => line.trim()).filter(Boolean);
  const key = `${store.me}|${lines.join("\n")}`;
  const output = h("pre", { class: "output", "aria-live": "polite", hidden: true });
  const use = textButton("Use it", () => run(use, output, key, lines), { focus: `use/${lines[0]}` });
  const copy = textButton("Copy", () => copied(lines), { focus: `copy/${lines[0]}` });
  if (shown.has(key)) put(output, shown.get(key));
  return h("div", { class: "usable" }, codeBlock(words), h("div", { class: "usable-hands" }, use, copy), output);
}

async function run(button, output, key, lines) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  put(output, { output: "Running…", ok: true });
  try {
    shown.set(key, await world.does("use", { person: store.me, lines }));
  } catch (error) {
    shown.set(key, { output: error.message, ok: false });
  }
  button.removeAttribute("aria-busy");
  put(output, shown.get(key));
}

function put(node, { output, ok }) {
  node.hidden = false;
  node.classList.toggle("bad", !ok);
  node.textContent = output.trim() || (ok ? "Done, nothing to show." : "Failed, without a word.");
}

async function copied(lines) {
  const copying = navigator.clipboard?.writeText(lines.join("\n"));
  await copying?.then(() => toast("Copied."), () => toast("The browser did not allow copying."));
}
