// How what was said looks: bubbles, tool calls, notices.

import { h, icon } from "./dom.js";
import { markdown } from "./markdown.js";

/** Beyond this, a text that still grows is shown without formatting: formatting it again each time would be slow. */
const MOST_FORMATTED_CHARS = 20000;

export function partsOf(message) {
  const { content } = message;
  if (typeof content === "string") return [{ type: "text", text: content }];
  return Array.isArray(content) ? content : [];
}

export function textOf(message) {
  return partsOf(message).filter((part) => part.type === "text").map((part) => part.text).join("\n\n");
}

function pretty(value) {
  if (typeof value === "string") return value;
  return JSON.stringify(value, null, 2) ?? "";
}

function time(stamp) {
  if (!stamp) return null;
  const when = new Date(stamp);
  const sameDay = when.toDateString() === new Date().toDateString();
  const text = when.toLocaleString([], sameDay ? { hour: "2-digit", minute: "2-digit" } : { dateStyle: "medium", timeStyle: "short" });
  return h("time", { datetime: when.toISOString() }, text);
}

function setText(body, text, { plain = false } = {}) {
  if (plain || text.length > MOST_FORMATTED_CHARS) {
    body.classList.add("plain");
    body.replaceChildren(text);
  } else {
    body.classList.remove("plain");
    body.replaceChildren(...markdown(text));
  }
}

export function image(part) {
  const kind = /^image\/(png|jpeg|gif|webp)$/.test(part.mimeType || "") ? part.mimeType : null;
  return kind && part.data ? h("img", { class: "picture", alt: "attached picture", src: `data:${kind};base64,${part.data}` }) : null;
}

/** A message of the user. */
export function userBubble(message, { pending = false } = {}) {
  const body = h("div", { class: "text" });
  setText(body, textOf(message));
  const images = partsOf(message).filter((part) => part.type === "image").map(image);
  return h("article", { class: pending ? "message user pending" : "message user", "aria-label": "You" }, body, images, time(message.timestamp));
}

/** Words of the assistant; `update` while they grow. */
export class AssistantBubble {
  constructor(timestamp, { live = false } = {}) {
    this.body = h("div", { class: "text" });
    // Busy: a screen reader reads it when it is whole, not each time it grows.
    const attributes = { class: live ? "message assistant live" : "message assistant", "aria-label": "Agent", "aria-busy": live ? "true" : null };
    this.element = h("article", attributes, this.body, time(timestamp));
  }

  update(text) {
    setText(this.body, text);
  }

  end() {
    this.element.classList.remove("live");
    this.element.removeAttribute("aria-busy");
  }
}

export function thinking(text) {
  return h("details", { class: "thinking" }, h("summary", null, "Thinking"), h("div", { class: "text plain" }, text));
}

export function notice(text, kind = "info") {
  return h("p", { class: `chat-notice ${kind}` }, text);
}

/** One call of a tool; opens to show what went in and what came out. */
export class ToolCard {
  constructor(name, args) {
    this.state = h("span", { class: "tool-state" }, "running");
    this.args = h("pre", { tabindex: "0" }, pretty(args ?? {}));
    this.output = h("pre", { class: "output", tabindex: "0", hidden: true });
    this.element = h("details", { class: "tool running" },
      h("summary", null, icon("tool"), h("span", { class: "tool-name" }, name), this.state), this.args, this.output);
  }

  start(args) {
    if (args !== undefined) this.args.textContent = pretty(args);
  }

  finish(result, isError) {
    const text = textOf({ content: result?.content ?? result }) || pretty(result?.content ?? result ?? "");
    this.output.textContent = text;
    this.output.hidden = !text;
    this.end(isError ? "failed" : "done");
  }

  /** The run is over and nothing came. */
  end(state) {
    this.element.classList.remove("running");
    this.element.classList.add(state);
    this.state.textContent = state;
  }

  get isRunning() {
    return this.element.classList.contains("running");
  }
}
