// One session's conversation: its history, and the run that is under way in it.
//
// What the transcript holds (chat.history, session.message) is shown as it is; the words of a run that are
// not in it yet grow in one live bubble below, which gives way to the transcript's own message.

import { h } from "./dom.js";
import { AssistantBubble, ToolCard, image, notice, partsOf, textOf, thinking, userBubble } from "./messages.js";

const PAGE = 100;
const PHASES = { preparing_workspace: "Preparing…", preparing_context: "Reading the conversation…", starting_model: "Waiting for the model…" };
const ENDS = new Set(["final", "aborted", "error"]);

export class Conversation {
  #gateway;
  #shown = new Set();
  #tools = new Map();
  #pending = new Map();
  #live = null;
  #run = null;
  #told = "";
  #earlier = 0;
  #frame = 0;
  #early = null;
  #ended = new Set();

  /** onchange() is called when something was added; onrun(isRunning) when a run begins or ends. */
  constructor(gateway, key, { onchange, onrun }) {
    this.#gateway = gateway;
    this.key = key;
    this.onchange = onchange;
    this.onrun = onrun;
    this.info = {};
    this.more = h("button", { type: "button", class: "link more", hidden: true, onclick: () => this.loadEarlier() }, "Show earlier messages");
    this.phase = h("p", { class: "phase", hidden: true });
    this.list = h("div", { class: "list" });
    this.element = h("div", { class: "conversation" }, this.more, this.list, this.phase);
  }

  get isRunning() {
    return this.#run !== null;
  }

  async load() {
    this.#early = [];
    let history, early;
    try {
      history = await this.#gateway.request("chat.history", { sessionKey: this.key, limit: PAGE });
    } finally {
      early = this.#early;
      this.#early = null;
    }
    this.info = history.sessionInfo || {};
    this.key = this.info.key || this.key;
    this.#shown.clear();
    this.#ended.clear();
    this.#tools.clear();
    this.list.replaceChildren();
    this.#live = null;
    this.#setRun(history.inFlightRun?.runId ?? null);
    for (const message of history.messages) this.#add(message);
    for (const input of history.pendingInputs?.items || []) this.#expect(input.runId, input.message);
    this.#offerEarlier(history);
    // What was said while the server read the file; what the history has too is shown once.
    for (const { sessionKey, message } of early) if (sessionKey === this.key) this.#add(message);
    if (this.isRunning) this.#grow(this.#untold(history.inFlightRun.text), true);
    else this.#endTools("stopped");
    if (!history.messages.length && !this.isRunning) this.list.append(h("p", { class: "empty" }, "Nothing was said here yet."));
    this.onchange();
  }

  #offerEarlier(history) {
    this.#earlier = history.nextOffset || 0;
    this.more.hidden = !history.hasMore;
  }

  async loadEarlier() {
    const history = await this.#gateway.request("chat.history", { sessionKey: this.key, limit: PAGE, offset: this.#earlier });
    const first = this.list.firstChild;
    for (const message of history.messages) this.#add(message, first);
    this.#offerEarlier(history);
    this.#endTools(this.isRunning ? null : "stopped");
  }

  /** Of the whole text of the run that is under way, what the transcript does not have yet. */
  #untold(text) {
    return text.startsWith(this.#told) ? text.slice(this.#told.length) : text;
  }

  /** Show a message that was just sent, before the server has it. */
  sent(runId, text) {
    this.#expect(runId, { role: "user", content: text });
    this.onchange();
  }

  notSent(runId) {
    this.#pending.get(runId)?.remove();
    this.#pending.delete(runId);
  }

  #expect(runId, message) {
    if (this.#pending.has(runId)) return;
    const bubble = userBubble(message, { pending: true });
    this.#pending.set(runId, bubble);
    this.#append(bubble);
  }

  #append(node, before = null) {
    this.list.querySelector(":scope > .empty")?.remove();
    this.list.insertBefore(node, before);
  }

  /** A message of the transcript. */
  #add(message, before = undefined) {
    const about = message.__openclaw || {};
    if (about.id && this.#shown.has(about.id)) return;
    this.#shown.add(about.id);
    const place = before === undefined ? this.#live?.element || null : before;
    if (message.role === "user") {
      this.notSent(about.runId || message.idempotencyKey?.replace(/:user$/, ""));
      this.#append(userBubble(message), place);
    } else if (message.role === "assistant") {
      this.#addAssistant(message, about, place);
    } else if (message.role === "toolResult") {
      this.#tool(message.toolCallId, message.toolName, undefined, place).finish(message, message.isError);
    } else {
      this.#append(notice(textOf(message)), place);
    }
  }

  #addAssistant(message, about, place) {
    if (about.runId === this.#run) this.#told = [this.#told, textOf(message)].filter(Boolean).join("\n\n");
    // The live words that this message settles, also of a run that has ended meanwhile.
    if (this.#live && (!about.runId || about.runId === this.#live.runId)) {
      place = this.#live.element.nextSibling;
      this.#live.element.remove();
      this.#live = null;
    }
    for (const part of partsOf(message)) {
      if (part.type === "thinking" && part.thinking) this.#append(thinking(part.thinking), place);
      else if (part.type === "toolCall") this.#tool(part.id, part.name, part.arguments, place);
      else if (part.type === "image") this.#append(h("article", { class: "message assistant", "aria-label": "Agent" }, image(part)), place);
      else if (part.type === "text" && part.text.trim() && part.text !== message.errorMessage) {
        const bubble = new AssistantBubble(message.timestamp);
        bubble.update(part.text);
        this.#append(bubble.element, place);
      }
    }
    if (message.errorMessage) this.#endNotice(about.runId, message.errorMessage, "error", place);
    else if (message.stopReason === "aborted") this.#endNotice(about.runId, "Stopped", "info", place);
  }

  /** How a run ended, once: the transcript and the event both tell. */
  #endNotice(runId, text, kind, place) {
    if (runId && this.#ended.has(runId)) return;
    this.#ended.add(runId);
    this.#append(notice(text, kind), place);
  }

  #tool(id, name, args, place = null) {
    let card = this.#tools.get(id);
    if (!card) {
      card = new ToolCard(name, args);
      this.#tools.set(id, card);
      this.#append(card.element, place);
    }
    return card;
  }

  #endTools(state) {
    if (state) for (const card of this.#tools.values()) if (card.isRunning) card.end(state);
  }

  #setRun(runId) {
    this.#run = runId;
    this.#told = "";
    if (runId === null) this.phase.hidden = true;
    this.onrun(runId !== null);
  }

  #grow(text, replace) {
    if (!this.#live && !text.trim()) return;
    if (!this.#live) {
      const bubble = new AssistantBubble(null, { live: true });
      this.#live = { runId: this.#run, text: "", bubble, element: bubble.element };
      this.#append(bubble.element);
    }
    this.#live.text = (replace ? text : this.#live.text + text).replace(/^\s+/, "");
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#live?.bubble.update(this.#live.text);
      this.onchange();
    });
  }

  /** An event; those of other sessions are not for us. */
  event(name, payload) {
    if (this.#early) {
      if (name === "session.message") this.#early.push(payload);
      return;
    }
    if (payload?.sessionKey !== this.key) return;
    if (name === "chat") this.#chat(payload);
    else if (name === "session.message") this.#add(payload.message);
    else if (name === "session.tool") this.#toolEvent(payload.data);
    else if (name === "agent" && payload.stream === "run_status") this.#status(payload.runId, payload.data);
    else return;
    this.onchange();
  }

  #chat({ runId, state, phase, deltaText, replace, errorMessage }) {
    if (ENDS.has(state)) {
      this.#end(runId, state, errorMessage);
      return;
    }
    if (this.#run !== runId) this.#setRun(runId);
    if (state === "status") {
      this.phase.textContent = PHASES[phase] || "Working…";
      this.phase.hidden = false;
    } else if (state === "delta") {
      this.phase.hidden = true;
      this.#grow(replace ? this.#untold(deltaText) : deltaText, replace);
    }
  }

  /** A model that fails is asked again in a while: the person sees why it takes so long. */
  #status(runId, { phase, message }) {
    if (phase !== "retrying" || runId !== this.#run || !message) return;
    this.phase.textContent = message;
    this.phase.hidden = false;
  }

  #end(runId, state, errorMessage) {
    const live = this.#live;
    if (live && live.runId === runId) {
      live.bubble.update(live.text);
      live.bubble.end();
    }
    if (runId !== this.#run && this.#run !== null) return;
    this.#setRun(null);
    this.#endTools("stopped");
    if (state === "error") this.#endNotice(runId, errorMessage || "The run failed.", "error", null);
    else if (state === "aborted") this.#endNotice(runId, "Stopped", "info", null);
  }

  #toolEvent({ phase, name, toolCallId, args, result, isError }) {
    const card = this.#tool(toolCallId, name, args, this.#live?.element || null);
    if (phase === "start") card.start(args);
    else if (phase === "result") card.finish(result, isError);
  }
}
