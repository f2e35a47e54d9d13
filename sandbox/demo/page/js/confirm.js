// Slack's confirm dialog, which stands before a button that has one.
import { h, textButton } from "./dom.js";
import { backTo, spot } from "./focus.js";
import { mrkdwn } from "./mrkdwn.js";
import { withEmoji } from "./emoji.js";

export const words = (text, options) =>
  text.type === "mrkdwn" ? mrkdwn(text.text, options) : text.emoji === false ? text.text : withEmoji(text.text);

/** Asks; answers whether the person said yes. Focus goes back where it was. */
export function confirmed(confirm) {
  const before = spot();
  return new Promise((done) => {
    const dialog = h("dialog", { class: "dialog small", "aria-labelledby": "confirm-title" });
    const answer = (yes) => () => {
      dialog.close();
      dialog.remove();
      backTo(before);
      done(yes);
    };
    const kind = confirm.style === "danger" ? "danger full" : "primary full";
    dialog.append(
      h("h1", { id: "confirm-title" }, words(confirm.title)),
      h("div", { class: "dialog-body" }, words(confirm.text)),
      h("footer", {},
        textButton(words(confirm.deny), answer(false), { kind: "", focus: "deny" }),
        textButton(words(confirm.confirm), answer(true), { kind, focus: "confirm" })),
    );
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      answer(false)();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
