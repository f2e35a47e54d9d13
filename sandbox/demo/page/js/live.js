// Hearing of changes in Slack, and reading again what they touch.
import { loadMessages, loadState } from "./go.js";
import { glance } from "./people.js";
import { channelNow, store } from "./store.js";
import { loadThread } from "./thread.js";
import { toast } from "./toast.js";

let lost = false;

/** Listens for everybody's changes: being somebody else needs no new connection. */
export function listen({ reload }) {
  const source = new EventSource(`${store.config.slack_url}/page/events`);
  source.addEventListener("open", () => {
    refresh();
    lost = false;
  });
  source.addEventListener("error", () => {
    if (!lost) toast("Slack is not answering. Trying again.");
    lost = true;
  });
  source.addEventListener("message", (event) => heard(JSON.parse(event.data), reload));
}

function refresh() {
  loadState();
  loadMessages();
  loadThread();
  glance();
}

function heard(change, reload) {
  if (["channel", "people"].includes(change.kind)) reload();
  loadState();
  glance();
  if (change.kind === "reloaded") return refresh();
  if (change.channel !== channelNow()?.id || change.kind === "read") return undefined;
  loadMessages();
  if (store.thread && [change.ts, change.thread_ts].includes(store.thread)) loadThread();
  return undefined;
}
