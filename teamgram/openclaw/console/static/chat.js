// The chat view: a conversation, a composer, what can be done with the session.

import { ask, button, h, icon, iconButton, toast } from "./dom.js";
import { Conversation } from "./conversation.js";
import { sessionTitle } from "./sessions.js";

/** How near to its end a conversation counts as being followed, in pixels. */
const NEAR_END = 80;

export class ChatView {
  #gateway;
  #sessions;
  #conversation = null;
  #follows = true;
  #drafts = new Map();

  constructor(gateway, sessions) {
    this.#gateway = gateway;
    this.#sessions = sessions;
    this.title = h("h1", { class: "title" });
    this.model = h("span", { class: "model" });
    this.actions = h("div", { class: "row actions" },
      button("Rename", () => this.rename(), { class: "button quiet" }),
      button("Start over", () => this.reset(), { class: "button quiet" }),
      button("Delete", () => this.delete(), { class: "button quiet danger-text" }));
    this.log = h("div", { class: "log", role: "log", "aria-label": "Conversation", tabindex: "0", onscroll: () => this.#scrolled() });
    this.jump = iconButton("down", "To the newest message", () => this.#toEnd(true), { class: "icon-button jump", hidden: true });
    this.input = h("textarea", {
      class: "input", rows: 1, placeholder: "Write to the agent", "aria-label": "Message", autocomplete: "off", enterkeyhint: "send",
      oninput: () => this.#fit(), onkeydown: (event) => this.#key(event),
    });
    this.send = h("button", { type: "submit", class: "round primary", "aria-label": "Send", title: "Send (Enter)" }, icon("send"));
    this.stopButton = h("button", { type: "button", class: "round stop", "aria-label": "Stop", title: "Stop (Esc)", hidden: true, onclick: () => this.stop() }, icon("stop"));
    this.composer = h("form", { class: "composer", onsubmit: (event) => { event.preventDefault(); this.#submit(); } },
      this.input, this.stopButton, this.send);
    this.element = h("section", { class: "view chat", "aria-label": "Chat" },
      h("header", { class: "view-head" }, h("div", { class: "heading" }, this.title, this.model), this.actions),
      h("div", { class: "log-box" }, this.log, this.jump), this.composer);
    gateway.on("event", (name, payload) => this.#conversation?.event(name, payload));
    sessions.onchange(() => this.#describe());
  }

  get key() {
    return this.#conversation?.key;
  }

  async open(key) {
    if (this.#conversation) this.#drafts.set(this.#conversation.key, this.input.value);
    const conversation = new Conversation(this.#gateway, key, {
      onchange: () => { if (conversation === this.#conversation) this.#changed(); },
      onrun: (isRunning) => { if (conversation === this.#conversation) this.stopButton.hidden = !isRunning; },
    });
    this.#conversation = conversation;
    this.#follows = true;
    this.stopButton.hidden = true;
    this.log.replaceChildren(conversation.element);
    this.input.value = this.#drafts.get(key) || "";
    this.#fit();
    this.#describe();
    await this.reload();
  }

  /** Load again: after a disconnect that lost events, or to try again. */
  async reload() {
    const conversation = this.#conversation;
    try {
      await conversation.load();
      if (conversation === this.#conversation) this.#describe();
    } catch (error) {
      if (conversation === this.#conversation && this.#gateway.state === "open") conversation.list.replaceChildren(h("p", { class: "empty" }, error.message));
    }
  }

  focus() {
    this.input.focus();
  }

  #describe() {
    if (!this.#conversation) return;
    const row = this.#sessions.get(this.#conversation.key) || this.#conversation.info;
    this.title.textContent = row.key ? sessionTitle(row) : this.#conversation.key;
    const model = [row.modelProvider, row.model].filter(Boolean).join("/");
    const tokens = row.totalTokens ? ` · ${row.totalTokens.toLocaleString()} of ${row.contextTokens?.toLocaleString()} tokens` : "";
    this.model.textContent = model + tokens;
    const [rename, reset, remove] = this.actions.children;
    rename.hidden = !this.#gateway.may("write");
    reset.hidden = !this.#gateway.may("admin");
    remove.hidden = !this.#gateway.may("admin") || Boolean(row.isMain);
    this.composer.hidden = !this.#gateway.may("write");
  }

  #changed() {
    if (this.#follows) this.#toEnd(false);
    else this.jump.hidden = false;
  }

  #toEnd(smooth) {
    this.#follows = true;
    this.jump.hidden = true;
    this.log.scrollTo({ top: this.log.scrollHeight, behavior: smooth ? "smooth" : "auto" });
  }

  #scrolled() {
    this.#follows = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_END;
    if (this.#follows) this.jump.hidden = true;
  }

  #fit() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight + 2, 200)}px`;
  }

  #key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#submit();
    }
  }

  async #submit() {
    const text = this.input.value.trim();
    if (!text || !this.#conversation) return;
    if (this.#gateway.state !== "open") {
      toast("Not connected; the message stays here.", "error");
      return;
    }
    const conversation = this.#conversation;
    const runId = crypto.randomUUID();
    this.input.value = "";
    this.#fit();
    this.#follows = true;
    if (!text.startsWith("/")) conversation.sent(runId, text);
    try {
      const answer = await this.#gateway.requestSurely("chat.send", { sessionKey: conversation.key, message: text, idempotencyKey: runId });
      if (/^\/(new|reset)$/i.test(text)) await this.reload();
      else if (answer.aborted === false) toast("Nothing was running.");
    } catch (error) {
      conversation.notSent(runId);
      if (!this.input.value) this.input.value = text;
      this.#fit();
      toast(`Not sent: ${error.message}`, "error");
    }
  }

  /** Stop what runs here; whether anything did. */
  stop() {
    if (!this.#conversation?.isRunning) return false;
    this.#gateway.request("chat.abort", { sessionKey: this.#conversation.key }).catch((error) => toast(error.message, "error"));
    return true;
  }

  async #do(method, params, then) {
    try {
      await this.#gateway.request(method, params);
      await then?.();
    } catch (error) {
      toast(error.message, "error");
    }
  }

  async rename() {
    const row = this.#sessions.get(this.key) || {};
    const label = await ask("Rename this conversation", "", { action: "Rename", field: row.label || "" });
    if (label !== null) await this.#do("sessions.patch", { key: this.key, label: label || null }, () => this.#sessions.load());
  }

  async reset() {
    const sure = await ask("Start over?", "The agent forgets this conversation. Its transcript is kept on the server.", { action: "Start over" });
    if (sure) await this.#do("sessions.reset", { key: this.key, reason: "reset" }, () => this.reload());
  }

  async delete() {
    const sure = await ask("Delete this conversation?", "It goes to the archive on the server.", { action: "Delete", danger: true });
    if (sure) await this.#do("sessions.delete", { key: this.key }, () => { location.hash = "#/chat/main"; return this.#sessions.load(); });
  }
}
