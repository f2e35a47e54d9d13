// The emoji shortcodes that cards, Slack and people here use.

const NAMES = {
  alarm_clock: "⏰", arrow_right: "➡️", arrows_counterclockwise: "🔄", bell: "🔔", bookmark: "🔖",
  bust_in_silhouette: "👤", busts_in_silhouette: "👥", calendar: "📅", clipboard: "📋", cloud: "☁️",
  eyes: "👀", fire: "🔥", gear: "⚙️", grey_question: "❔", hammer_and_wrench: "🛠️", heavy_check_mark: "✔️",
  heavy_minus_sign: "➖", hourglass: "⌛", hourglass_flowing_sand: "⏳", information_source: "ℹ️", key: "🔑",
  large_green_circle: "🟢", large_red_circle: "🔴", large_yellow_circle: "🟡", leftwards_arrow_with_hook: "↩️",
  link: "🔗", lock: "🔒", mag: "🔍", memo: "📝", no_entry: "⛔", no_entry_sign: "🚫", ok_hand: "👌",
  pager: "📟", pencil2: "✏️", point_right: "👉", pushpin: "📌", raised_hand: "✋", receipt: "🧾",
  rotating_light: "🚨", scroll: "📜", shield: "🛡️", slightly_smiling_face: "🙂", smile: "😄", sos: "🆘",
  speech_balloon: "💬", stopwatch: "⏱️", tada: "🎉", thumbsup: "👍", thumbsdown: "👎", "+1": "👍", "-1": "👎",
  thinking_face: "🤔", ticket: "🎫", unlock: "🔓", wastebasket: "🗑️", wave: "👋", warning: "⚠️",
  white_check_mark: "✅", wrench: "🔧", x: "❌", zap: "⚡", zzz: "💤",
};

export const emoji = (name) => NAMES[name] ?? null;

/** Words with their shortcodes turned into emoji; unknown ones stay as they are. */
export const withEmoji = (words) => words.replace(/:([a-z0-9_+-]+):/g, (whole, name) => emoji(name) ?? whole);
