// Selects one can type in: lists of the app's own, lists the app is asked for, people and channels.
import { slack } from "./api.js";
import { withEmoji } from "./emoji.js";
import { h, sign, span } from "./dom.js";
import { fill, later } from "./fill.js";
import { place as putUnder } from "./menu.js";
import { cast, store } from "./store.js";

const ASK_MS = 120;
const DEFAULT_QUERY_LENGTH = 3;
const KEYS = {
  users_select: "selected_user",
  channels_select: "selected_channel",
  conversations_select: "selected_conversation",
};
let counted = 0;

export function select(told) {
  const box = new Select(told);
  return { node: box.node, focus: () => box.input.focus(), take: (state) => box.take(state) };
}

class Select {
  constructor({ element, place, id, value, describedby }) {
    Object.assign(this, { element, where: place, options: [], groups: [], at: -1, asked: 0 });
    this.listId = `options-${(counted += 1)}`;
    this.input = h("input", {
      id, type: "text", class: "input", role: "combobox", "aria-expanded": "false", "aria-controls": this.listId,
      "aria-autocomplete": "list", "aria-describedby": describedby, autocomplete: "off", spellcheck: "false",
      placeholder: element.placeholder?.text ?? "Choose",
      data: { focus: `${place.block_id}/${place.action_id}`, load: element.focus_on_load ? "1" : "" },
    });
    this.node = h("div", { class: "select" }, this.input, sign("▾", "select-arrow"));
    this.ask = later(() => this.offer(this.input.value), ASK_MS);
    this.listen();
    this.take(value);
  }

  listen() {
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("input", () => { this.open(false); this.ask.soon(); });
    this.input.addEventListener("blur", () => this.close());
    this.input.addEventListener("keydown", (event) => this.key(event));
  }

  /** Shows what Slack says was chosen. */
  take(state) {
    const key = KEYS[this.element.type];
    const chosen = key ? named(state?.[key]) : state?.selected_option;
    this.chosen = chosen ?? null;
    if (!this.list) this.show();
  }

  show() {
    this.input.value = this.chosen ? withEmoji(this.chosen.text.text) : "";
  }

  open(fresh = true) {
    if (this.list) return;
    const about = { role: "listbox", id: this.listId, "aria-label": "Choices", popover: "manual" };
    this.list = h("div", { class: "menu options", ...about });
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    (this.input.closest("dialog") ?? document.body).append(this.list);
    this.list.showPopover();
    this.input.setAttribute("aria-expanded", "true");
    if (fresh) {
      this.input.select();
      this.offer("");
    }
  }

  close() {
    if (!this.list) return;
    this.list.remove();
    this.list = null;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    this.show();
  }

  /** Lists what fits the words typed. */
  async offer(query) {
    const turn = (this.asked += 1);
    const found = await this.found(query);
    if (turn !== this.asked || !this.list) return;
    this.draw(found);
  }

  async found(query) {
    if (KEYS[this.element.type]) return { groups: [{ options: fitting(directory(this.element.type), query) }] };
    if (this.element.type !== "external_select") return { groups: grouped(this.element, query) };
    const needed = this.element.min_query_length ?? DEFAULT_QUERY_LENGTH;
    if (query.length < needed) return { groups: [], note: "Type to search" };
    if (!this.options.length) this.draw({ groups: [], note: "Searching…" });
    const failed = (error) => ({ groups: [], options: [], seen: error.message });
    const answer = await slack.does("suggest", { ...this.where, query }).catch(failed);
    const groups = answer.groups?.length ? answer.groups : [{ options: answer.options ?? [] }];
    return { groups, note: answer.seen || "No results" };
  }

  draw({ groups, note = "No results" }) {
    this.options = groups.flatMap((group) => group.options);
    const head = ({ label, options }) =>
      label && options.length ? [h("p", { class: "group", role: "presentation" }, withEmoji(label.text))] : [];
    const rows = groups.flatMap((group) => [...head(group), ...group.options.map((option) => this.row(option))]);
    this.list.replaceChildren(...(this.options.length ? rows : [h("p", { class: "group" }, note)]));
    this.list.style.minWidth = `${this.node.getBoundingClientRect().width}px`;
    putUnder(this.node, this.list);
    this.mark(this.options.findIndex((option) => option.value === this.chosen?.value));
  }

  row(option) {
    const id = `${this.listId}-${this.options.indexOf(option)}`;
    const note = option.description ? span("item-note", withEmoji(option.description.text)) : null;
    const node = h("div", { class: "item", role: "option", id, "aria-selected": "false" },
      span("item-words", span("item-label", withEmoji(option.text.text)), note),
      option.value === this.chosen?.value ? sign("✓", "tick") : null);
    node.addEventListener("click", () => this.choose(option));
    return node;
  }

  mark(at) {
    this.at = at;
    const rows = this.list?.querySelectorAll("[role=option]") ?? [];
    rows.forEach((row, place) => row.setAttribute("aria-selected", String(place === at)));
    if (at < 0 || !rows[at]) return this.input.removeAttribute("aria-activedescendant");
    this.input.setAttribute("aria-activedescendant", rows[at].id);
    rows[at].scrollIntoView({ block: "nearest" });
    return undefined;
  }

  choose(option) {
    this.chosen = option;
    this.close();
    fill(this.where, option.value);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !this.list) this.open();
    else if (step && this.options.length) this.mark((this.at + step + this.options.length) % this.options.length);
    else if (event.key === "Enter") this.enter();
    else if (event.key === "Escape" && this.list) this.close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  enter() {
    if (!this.list) this.open();
    else if (this.options[this.at] ?? this.options[0]) this.choose(this.options[this.at] ?? this.options[0]);
  }
}

const option = (value, words) => ({ value, text: { text: words } });

const named = (id) => id && option(id, store.people.get(id)?.real_name ?? `#${store.channels.get(id)?.name ?? id}`);

const directory = (type) =>
  type === "users_select"
    ? cast().map((one) => option(one.id, one.real_name))
    : [...store.channels.values()].map((one) => option(one.id, `#${one.name}`));

const fitting = (options, query) =>
  options.filter((one) => one.text.text.toLowerCase().includes(query.trim().toLowerCase()));

function grouped(element, query) {
  const groups = element.option_groups ?? [{ options: element.options ?? [] }];
  return groups.map((group) => ({ ...group, options: fitting(group.options, query) }));
}
