// Looking at the world once a second, and taking in what was seen.
import { world } from "./api.js";
import { forgetMoves, noteMove } from "./moves.js";
import { changed, store } from "./store.js";
import { toast } from "./toast.js";

const EVERY_MS = 1000;
let lost = false;

/** Takes in a state of the world. */
export function takeWorld(state) {
  const first = store.world === null;
  const before = store.offset;
  store.world = state;
  store.offset = state.offset_seconds;
  if (first) forgetMoves();
  const moved = !first && noteMove(before, store.offset);
  changed("world", ...(moved ? ["messages"] : []));
}

export async function look() {
  try {
    takeWorld(await world.look("state"));
    lost = false;
  } catch (error) {
    if (!lost) toast(error.message);
    lost = true;
  }
}

export async function keepLooking() {
  await look();
  setTimeout(keepLooking, EVERY_MS);
}
