// The two HTTP APIs: the Slack stand-in's page API, and /world of the server this page came from.
import { store } from "./store.js";

export class Failed extends Error {}

async function ask(url, options) {
  let answer;
  try {
    answer = await fetch(url, options);
  } catch {
    throw new Failed("No answer. Is the demo still running?");
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Failed(told.error ?? `The demo answered ${answer.status}.`);
  return told;
}

const body = (told) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(told),
});

export const slack = {
  look: (view, query = {}) => ask(`${store.config.slack_url}/page/${view}?${new URLSearchParams(query)}`),
  does: (deed, told) => ask(`${store.config.slack_url}/page/${deed}`, body({ user: store.me, ...told })),
};

export const world = {
  look: (view) => ask(`/world/${view}`),
  does: (deed, told) => ask(`/world/${deed}`, body(told)),
};
