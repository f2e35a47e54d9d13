// When time was moved, as seen from here: the grey lines between messages.
import { store } from "./store.js";
import { lengthOf } from "./time.js";

const KEY = "moves";
const NOTICED = 2;
let known = null;

export const moves = () => (known ??= JSON.parse(sessionStorage.getItem(KEY) ?? "[]"));

/** Takes note when the world's clock is further ahead than it was; answers whether it is. */
export function noteMove(before, after) {
  const by = after - before;
  if (by < NOTICED) return false;
  known = [...moves(), { at: Date.now() / 1000 + before, words: `Time moved ${lengthOf(by)}.` }];
  sessionStorage.setItem(KEY, JSON.stringify(known));
  return true;
}

/** Forgets moves of a world that is not there any more. */
export function forgetMoves() {
  if (store.offset > NOTICED) return;
  known = [];
  sessionStorage.removeItem(KEY);
}
