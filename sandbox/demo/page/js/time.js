// Moments in words, in the reader's own time zone.
import { now } from "./store.js";

const DAY = 86400;
const format = (options) => new Intl.DateTimeFormat("en-GB", options);
const CLOCK = format({ hour: "2-digit", minute: "2-digit", hour12: false });
const SECONDS = format({ hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const SHORT = format({ day: "numeric", month: "short" });
const LONG = format({ weekday: "long", day: "numeric", month: "long", year: "numeric" });
const DATE = format({ day: "numeric", month: "long", year: "numeric" });
const NUMBERS = format({ year: "numeric", month: "2-digit", day: "2-digit" });

const date = (seconds) => new Date(seconds * 1000);
export const clockTime = (seconds) => CLOCK.format(date(seconds));
export const secondsTime = (seconds) => SECONDS.format(date(seconds));
export const fullTime = (seconds) => `${LONG.format(date(seconds))}, ${secondsTime(seconds)}`;

const midnight = (seconds) => date(seconds).setHours(0, 0, 0, 0) / 1000;

/** Today, yesterday or tomorrow, where it is one of them. */
function near(seconds) {
  const days = Math.round((midnight(seconds) - midnight(now())) / DAY);
  return { [-1]: "yesterday", 0: "today", 1: "tomorrow" }[days];
}

export const dayName = (seconds) => {
  const word = near(seconds) ?? LONG.format(date(seconds));
  return word[0].toUpperCase() + word.slice(1);
};

export const dayOf = (seconds) => midnight(seconds);

/** "9 min", "1 h 5 min", "40 s". */
export function lengthOf(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest ? `${Math.floor(minutes / 60)} h ${rest} min` : `${minutes / 60} h`;
}

export const inWords = (seconds) =>
  seconds > now() ? `in ${lengthOf(seconds - now())}` : `${lengthOf(now() - seconds)} ago`;

const TOKENS = {
  date_num: (s) => NUMBERS.format(date(s)).split("/").reverse().join("-"),
  date: (s) => DATE.format(date(s)),
  date_short: (s) => SHORT.format(date(s)),
  date_long: (s) => LONG.format(date(s)),
  date_pretty: (s) => near(s) ?? DATE.format(date(s)),
  date_short_pretty: (s) => near(s) ?? SHORT.format(date(s)),
  date_long_pretty: (s) => near(s) ?? LONG.format(date(s)),
  day_divider_pretty: dayName,
  time: clockTime,
  time_secs: secondsTime,
  ago: inWords,
};

/** Slack's <!date^SECONDS^FORMAT> in words. */
export const slackDate = (seconds, words) =>
  words.replace(/\{(\w+)\}/g, (whole, token) => TOKENS[token]?.(seconds) ?? whole);
