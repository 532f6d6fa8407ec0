// How things are: the gateway, the messenger's figures, who is here.

import { ago, bytes, h, span, sparkline } from "./dom.js";
import { rates, readFigures } from "./figures.js";

const EVERY_MS = 3000;
const REMEMBERED = 60;

const number = (value) => (value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString() : value.toFixed(1));

const count = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

function tile(label, value, hint, extra) {
  return h("div", { class: "tile" }, h("span", { class: "tile-label" }, label), h("span", { class: "tile-value" }, value),
    hint ? h("span", { class: "tile-hint" }, hint) : null, extra);
}

export class OverviewView {
  #gateway;
  #timer = 0;
  #figures = null;
  #history = [];
  #health = null;
  #presence = [];

  constructor(gateway) {
    this.#gateway = gateway;
    this.gatewayTiles = h("div", { class: "tiles" });
    this.messengerTiles = h("div", { class: "tiles" });
    this.queues = h("dl", { class: "pairs" });
    this.people = h("ul", { class: "people" });
    const group = (title, ...content) => h("section", { class: "group", "aria-label": title }, h("h2", null, title), content);
    this.element = h("section", { class: "view", "aria-label": "Overview" },
      h("header", { class: "view-head" }, h("h1", { class: "title" }, "Overview")),
      h("div", { class: "view-body" },
        group("Messenger", this.messengerTiles), group("Queues", this.queues),
        group("Gateway", this.gatewayTiles), group("Who is here", this.people)));
    gateway.on("event", (name, payload) => this.#event(name, payload));
    gateway.on("hello", ({ snapshot }) => {
      this.#health = snapshot?.health;
      this.#showPresence(snapshot?.presence || []);
    });
    document.addEventListener("visibilitychange", () => this.#again());
  }

  #event(name, payload) {
    if (name === "presence") this.#showPresence(payload.presence);
    else if (name === "health") this.#health = payload;
  }

  show() {
    this.shown = true;
    this.#again();
  }

  hide() {
    this.shown = false;
    clearTimeout(this.#timer);
  }

  /** Look now, and then every few seconds while somebody sees it. */
  async #again() {
    clearTimeout(this.#timer);
    if (!this.shown || document.hidden) return;
    await this.load();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#again(), EVERY_MS);
  }

  async load() {
    if (this.#gateway.state !== "open") return;
    const [status, figures] = await Promise.all([
      this.#gateway.request("status").catch(() => null), readFigures().catch(() => null)]);
    if (status) this.#showGateway(status, figures);
    if (figures) this.#showMessenger(figures);
  }

  #showGateway(status, figures) {
    const loop = status.eventLoop || {};
    const before = this.#figures;
    const cpu = figures && before ? rates(before, figures).cpu : null;
    const clients = (figures?.operators || []).filter(([, number]) => number).map(([role, number]) => `${number} ${role}`).join(", ");
    const agents = this.#health?.agents?.length || 0;
    this.gatewayTiles.replaceChildren(
      tile("Health", loop.degraded ? "Slow" : "Good", `turns late by at most ${loop.delayMaxMs ?? 0} ms`),
      tile("Up for", span(status.uptimeMs), `version ${status.runtimeVersion}, process ${status.pid}`),
      tile("Memory", bytes(status.processMemory?.rssBytes || 0), cpu === null ? null : `${(cpu * 100).toFixed(1)} % of a core`),
      tile("Clients", number(status.connections), clients),
      tile("Agent runs", number(status.tasks?.active || 0), `${count(agents, "agent")}, ${count(status.sessions?.count || 0, "conversation")}`));
  }

  #showMessenger(figures) {
    const rate = this.#figures ? rates(this.#figures, figures) : null;
    this.#figures = figures;
    if (rate) this.#history = [...this.#history.slice(1 - REMEMBERED), rate];
    const perSecond = (name) => (rate ? number(rate[name]) : "…");
    if (!figures.hasMessenger) {
      this.messengerTiles.replaceChildren(h("p", { class: "hint" }, "The messenger runs in another process."));
    } else {
      const line = (name) => sparkline(this.#history.map((each) => each[name]), `${name} a second, the last minutes`);
      const transports = figures.byTransport.filter(([, number]) => number).map(([kind, number]) => `${number} ${kind}`).join(", ");
      this.messengerTiles.replaceChildren(
        tile("Connections", number(figures.connections), transports || "none open"),
        figures.usersOnline === null
          ? tile("Devices online", number(figures.devicesOnline))
          : tile("Users online", number(figures.usersOnline), count(figures.devicesOnline, "device")),
        tile("Messages a second", perSecond("messages"), `${number(figures.messages)} since the start`, line("messages")),
        tile("Requests a second", perSecond("requests"), `${perSecond("updates")} updates a second`, line("requests")));
    }
    this.queues.replaceChildren(...figures.queues.map(([label, value, unit]) => h("div", null,
      h("dt", null, label), h("dd", { class: value ? "" : "zero" }, unit === "bytes" ? bytes(value) : number(value)))));
  }

  #showPresence(entries) {
    this.#presence = entries;
    this.people.replaceChildren(...entries.map((entry) => {
      const isGone = entry.reason === "disconnect";
      const facts = [entry.mode, entry.platform, entry.ip, entry.version && `v${entry.version}`, isGone ? `left ${ago(entry.ts)}` : null].filter(Boolean);
      return h("li", null, h("span", { class: `dot ${isGone ? "" : "good"}`, role: "img", "aria-label": isGone ? "gone" : "here" }),
        h("span", { class: "person" }, h("strong", null, entry.host || entry.clientId || "unknown"), h("span", { class: "facts" }, facts.join(" · "))));
    }));
  }
}
