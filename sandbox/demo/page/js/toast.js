// Short sentences that come and go, for what has no better place to be said.
import { byId, h } from "./dom.js";

const SHOWN_MS = 7000;

export function toast(words) {
  const note = h("p", { class: "toast" }, words);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), SHOWN_MS);
}

/** Runs something that may fail, and says so when it does. */
export async function saying(work) {
  try {
    return await work();
  } catch (error) {
    toast(error.message);
    return null;
  }
}

/** For those who listen: said politely, seen by nobody. */
export function announce(words) {
  const line = h("p", {}, words);
  byId("announcer").append(line);
  setTimeout(() => line.remove(), SHOWN_MS);
}
