// Try: a real call in a cloud, made with somebody's own keys, and the cloud's own word about it.
import { world } from "./api.js";
import { look } from "./sight.js";
import { changed, firstName, requestsOf, store } from "./store.js";
import { announce, saying } from "./toast.js";

const busy = new Set(); // clouds somebody tries just now

export const isTrying = (cloud) => busy.has(cloud);

/** Makes the real call; answers what came of it, or null. */
export async function tryCloud(cloud, person = store.tryAs) {
  if (busy.has(cloud)) return null;
  busy.add(cloud);
  changed("world");
  const request = requestOf(person);
  const answer = await saying(() => world.does("try", { person, cloud, request }));
  busy.delete(cloud);
  if (answer) announce(`${titleOf(cloud)}: ${answer.call} as ${firstName(person)}: ${verdictOf(answer)}`);
  await look();
  return answer;
}

/** Every cloud, side by side. */
export const tryAll = () => Promise.all(store.world.clouds.map(({ cloud }) => tryCloud(cloud)));

const titleOf = (cloud) => store.world.clouds.find((one) => one.cloud === cloud)?.title;

export const verdictOf = ({ allowed, code }) => (allowed ? "allowed" : ["refused", code].filter(Boolean).join(", "));

/** What somebody's newest request gives is tried, or their everyday rights. */
const requestOf = (person) => requestsOf(person)[0]?.request ?? null;

/** The last call of whoever is chosen there, for what would be tried now, or null. */
export function proofOf(cloud) {
  const request = requestOf(store.tryAs);
  const isIt = (one) => one.cloud === cloud && one.person === store.tryAs && one.request === request;
  return store.world.proofs.findLast(isIt) ?? null;
}
