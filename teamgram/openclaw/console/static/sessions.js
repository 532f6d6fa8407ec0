// The list of conversations, kept up to date by events.

import { ago, h, icon, toast } from "./dom.js";

const MOST = 200;
/** Events that only say how a run that is under way goes come often; the list is drawn again at most this often (ms). */
const REDRAW_MS = 150;

export function sessionTitle(row) {
  if (row.label || row.displayName) return row.label || row.displayName;
  if (row.isMain || row.key.endsWith(":main")) return row.agentId && row.agentId !== "main" ? `Main · ${row.agentId}` : "Main";
  const [, , kind, ...rest] = row.key.split(":");
  if (kind === "dashboard" || kind === "explicit" || kind === "openai") return row.lastMessagePreview || `${kind} ${rest[0]?.slice(0, 8) || ""}`;
  return [kind, ...rest].join(":");
}

export class Sessions {
  #gateway;
  #rows = new Map();
  #listeners = [];
  #timer = 0;

  constructor(gateway) {
    this.#gateway = gateway;
    this.current = "";
    this.element = h("nav", { class: "sessions", "aria-label": "Conversations" });
    gateway.on("event", (name, payload) => { if (name === "sessions.changed") this.#changed(payload); });
  }

  onchange(listener) {
    this.#listeners.push(listener);
  }

  get(key) {
    return this.#rows.get(key);
  }

  async load() {
    await this.#gateway.request("sessions.subscribe");
    const { sessions } = await this.#gateway.request("sessions.list", { limit: MOST, includeLastMessage: true });
    this.#rows = new Map(sessions.map((row) => [row.key, row]));
    this.#draw();
  }

  #changed({ sessionKey, session }) {
    if (session && !session.archived) this.#rows.set(sessionKey, { ...this.#rows.get(sessionKey), ...session });
    else this.#rows.delete(sessionKey);
    this.#timer ||= setTimeout(() => { this.#timer = 0; this.#draw(); }, REDRAW_MS);
  }

  /** Keys from top to bottom. */
  get order() {
    const rows = [...this.#rows.values()];
    rows.sort((a, b) => Number(b.pinned || false) - Number(a.pinned || false) || (b.updatedAt || 0) - (a.updatedAt || 0));
    return rows.map((row) => row.key);
  }

  select(key) {
    this.current = key;
    this.#draw();
  }

  #draw() {
    const hadFocus = this.element.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    this.element.replaceChildren(...this.order.map((key) => this.#item(this.#rows.get(key))));
    if (!this.#rows.size) this.element.append(h("p", { class: "hint" }, "No conversations yet. Write something to begin one."));
    if (hadFocus) [...this.element.children].find((item) => item.getAttribute("href") === hadFocus)?.focus();
    for (const listener of this.#listeners) listener();
  }

  #item(row) {
    const isCurrent = row.key === this.current;
    const title = sessionTitle(row);
    const preview = row.lastMessagePreview && row.lastMessagePreview !== title ? row.lastMessagePreview : "";
    return h("a", { class: "session", href: `#/chat/${encodeURIComponent(row.key)}`, "aria-current": isCurrent ? "page" : null, title: row.key },
      h("span", { class: "session-top" }, h("span", { class: "session-title" }, title),
        row.hasActiveRun ? h("span", { class: "spinner", role: "img", "aria-label": "running" })
          : h("span", { class: "session-time" }, row.updatedAt ? ago(row.updatedAt) : "")),
      h("span", { class: "session-preview" }, preview || (row.status === "error" ? "failed" : "\u00a0")));
  }

  async create() {
    try {
      const { key } = await this.#gateway.request("sessions.create", {});
      await this.load();
      location.hash = `#/chat/${encodeURIComponent(key)}`;
    } catch (error) {
      toast(error.message, "error");
    }
  }

  newButton() {
    return h("button", { type: "button", class: "button wide", onclick: () => this.create() }, icon("plus"), "New conversation");
  }
}
