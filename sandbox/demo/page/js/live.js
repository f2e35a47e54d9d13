// Hearing of changes in Slack, and reading again what they touch.
import { loadMessages, loadState } from "./go.js";
import { glance } from "./people.js";
import { channelNow, store } from "./store.js";
import { loadThread } from "./thread.js";
import { toast } from "./toast.js";

let lost = false;

/** Listens for everybody's changes, for as long as the page is there: browsers allow few connections. */
export function listen({ reload }) {
  let source = connect(reload);
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) source = connect(reload); });
}

/** Being somebody else needs no new connection. */
function connect(reload) {
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
  return source;
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
