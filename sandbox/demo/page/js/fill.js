// What is typed and chosen in fields, told to Slack in the order it happened.
import { slack } from "./api.js";
import { toast } from "./toast.js";

let last = Promise.resolve();
const waiting = new Set();

/** Tells Slack what a field holds now. */
export function fill(place, value) {
  last = last.then(() => slack.does("fill", { ...place, value })).then(
    (outcome) => outcome.seen && toast(outcome.seen),
    (error) => toast(error.message),
  );
  return last;
}

/** A field that tells what it holds a moment after typing stops, or when something else needs to know. */
export function later(tell, milliseconds) {
  let timer = null;
  const now = () => {
    if (timer === null) return;
    clearTimeout(timer);
    timer = null;
    waiting.delete(now);
    tell();
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(now, milliseconds);
    waiting.add(now);
  };
  return { soon, now };
}

/** Everything typed so far has been told. */
export async function flushed() {
  for (const now of [...waiting]) now();
  await last;
}
