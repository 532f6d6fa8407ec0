// Devices and nodes: who waits for approval, who is in, what nodes offer.

import { ago, ask, button, h, toast } from "./dom.js";

const EVENTS = /^(device\.pair\.|node\.pair\.|exec\.approval\.|plugin\.approval\.|presence$)/;
/** Several events come at once when a device connects: one look is enough (ms). */
const SETTLE_MS = 120;

const shortId = (id) => h("code", { class: "id", title: id }, `${id.slice(0, 8)}…${id.slice(-4)}`);

const seen = (ms) => (ms ? `seen ${ago(ms)}` : "not seen yet");

function chips(words, limit = 12) {
  if (!words?.length) return null;
  const more = words.length > limit ? [h("span", { class: "chip" }, `+${words.length - limit}`)] : [];
  return h("div", { class: "chips" }, words.slice(0, limit).map((word) => h("span", { class: "chip" }, word.replace(/^operator\./, ""))), more);
}

function nameOf(record) {
  return record.label || record.displayName || record.clientId || "Unnamed device";
}

function card(title, { state, facts, details, actions, waiting = false }) {
  return h("article", { class: waiting ? "card waiting" : "card" },
    h("div", { class: "card-head" }, h("h3", null, title), state ? h("span", { class: `state ${state.kind}` }, state.text) : null),
    h("p", { class: "facts" }, facts.filter(Boolean).flatMap((fact, index) => (index ? [" · ", fact] : [fact]))),
    details, actions?.length ? h("div", { class: "row end" }, actions) : null);
}

export class DevicesView {
  #gateway;
  #timer = 0;
  #listeners = [];

  constructor(gateway) {
    this.#gateway = gateway;
    this.waiting = 0;
    this.body = h("div", { class: "view-body" });
    this.element = h("section", { class: "view", "aria-label": "Devices and nodes" },
      h("header", { class: "view-head" }, h("h1", { class: "title" }, "Devices and nodes")), this.body);
    gateway.on("event", (name) => { if (EVENTS.test(name)) this.refreshSoon(); });
  }

  /** Called with the number of requests that wait. */
  onwaiting(listener) {
    this.#listeners.push(listener);
  }

  refreshSoon() {
    this.#timer ||= setTimeout(() => { this.#timer = 0; this.load(); }, SETTLE_MS);
  }

  async load() {
    if (this.#gateway.state !== "open") return;
    const ask = (method) => this.#gateway.request(method).catch((error) => ({ error }));
    const mayPair = this.#gateway.may("pairing");
    const mayApprove = this.#gateway.may("approvals");
    const [people, devices, surfaces, nodes, commands, others] = await Promise.all([
      mayPair ? ask("channels.pairing.list") : {}, mayPair ? ask("device.pair.list") : {}, mayPair ? ask("node.pair.list") : {}, ask("node.list"),
      mayApprove ? ask("exec.approval.list") : [], mayApprove ? ask("plugin.approval.list") : []]);
    const wanted = [commands, others].flatMap((answer) => (Array.isArray(answer) ? answer : []));
    const pending = [...wanted.map((each) => this.#approval(each)), ...(people.requests || []).map((each) => this.#person(each)), ...(devices.pending || []).map((each) => this.#request(each)), ...(surfaces.pending || []).map((each) => this.#surface(each))];
    this.waiting = pending.length;
    for (const listener of this.#listeners) listener(this.waiting);
    const problem = [devices, surfaces, nodes].find((answer) => answer.error)?.error;
    const section = (title, cards, empty) => h("section", { class: "group", "aria-label": title },
      h("h2", null, title, cards.length ? h("span", { class: "count" }, cards.length) : null),
      cards.length ? h("div", { class: "cards" }, cards) : h("p", { class: "hint" }, empty));
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.action : null;
    this.body.replaceChildren(
      problem ? h("p", { class: "chat-notice error" }, problem.message) : "",
      mayPair ? "" : h("p", { class: "chat-notice" }, "This session has no right to see devices (operator.pairing)."),
      section("Waiting for approval", pending, "Nobody waits. A device that connects from elsewhere shows up here."),
      section("Nodes", (nodes.nodes || []).map((each) => this.#node(each)), "No nodes. A phone or a host that lends its commands shows up here."),
      section("Devices", (devices.paired || []).map((each) => this.#device(each)), "No devices yet."));
    if (focused) [...this.body.querySelectorAll("[data-action]")].find((each) => each.dataset.action === focused)?.focus();
  }

  async #do(method, params, done) {
    try {
      await this.#gateway.request(method, params);
      if (done) toast(done);
    } catch (error) {
      toast(error.message, "error");
    }
    await this.load();
  }

  #decide(family, requestId, name) {
    return [
      button("Refuse", () => this.#do(`${family}.reject`, { requestId }, `${name} was refused.`), { "data-action": `refuse ${requestId}` }),
      button("Approve", () => this.#do(`${family}.approve`, { requestId }, `${name} was approved.`), { class: "button primary", "data-action": `approve ${requestId}` }),
    ];
  }

  #approval({ id, approvalKind, request, expiresAtMs }) {
    const what = request.command || request.title;
    const say = (decision, told) => this.#do(`${approvalKind}.approval.resolve`, { id, decision }, told);
    const words = { "allow-once": ["Allow once", "was allowed."], "allow-always": ["Always allow", "is allowed from now on."], deny: ["Refuse", "was refused."] };
    return card(what, {
      waiting: true,
      state: { kind: "warn", text: approvalKind === "exec" ? "wants to run" : "wants to be used" },
      facts: [request.agentId && `agent ${request.agentId}`, request.sessionKey, request.nodeId && `on ${request.nodeId.slice(0, 8)}…`, request.cwd && `in ${request.cwd}`, `until ${new Date(expiresAtMs).toLocaleTimeString()}`],
      details: [request.description ? h("p", { class: "hint" }, request.description) : null, request.detail ? h("pre", null, request.detail) : null],
      actions: ["deny", "allow-always", "allow-once"].filter((each) => request.allowedDecisions?.includes(each)).map((each) =>
        button(words[each][0], () => say(each, `${what} ${words[each][1]}`), { class: each === "allow-once" ? "button primary" : "button", "data-action": `${each} ${id}` })),
    });
  }

  /** Somebody who wrote to an agent and is not known. */
  #person({ channel, accountId, requestId, senderId, senderLabel, metadata, createdAt }) {
    const which = { channel, accountId, requestId };
    return card(senderLabel, {
      waiting: true,
      state: { kind: "warn", text: "wants to talk to an agent" },
      facts: [metadata?.agent && `agent ${metadata.agent}`, `user id ${senderId}`, ago(Date.parse(createdAt)), `code ${requestId}`],
      actions: [
        button("Refuse", () => this.#do("channels.pairing.dismiss", which, `${senderLabel} was not let in.`), { "data-action": `refuse ${requestId}` }),
        button("Let in", () => this.#do("channels.pairing.approve", { ...which, notify: true }, `${senderLabel} was let in.`), { class: "button primary", "data-action": `approve ${requestId}` }),
      ],
    });
  }

  #request(request) {
    return card(nameOf(request), {
      waiting: true,
      state: { kind: "warn", text: request.isRepair ? "wants more" : "new" },
      facts: [`as ${request.role}`, request.platform, request.remoteIp && `from ${request.remoteIp}`, ago(request.ts), shortId(request.deviceId)],
      details: chips(request.scopes),
      actions: this.#decide("device.pair", request.requestId, nameOf(request)),
    });
  }

  #surface(request) {
    const needs = request.requiredApproveScopes?.length ? ` It takes ${request.requiredApproveScopes.join(", ")} to approve.` : "";
    return card(nameOf(request), {
      waiting: true,
      state: { kind: "warn", text: "node offers" },
      facts: [request.platform, ago(request.ts), shortId(request.nodeId)],
      details: [chips([...request.caps, ...request.commands]), needs ? h("p", { class: "hint" }, needs.trim()) : null],
      actions: this.#decide("node.pair", request.requestId, nameOf(request)),
    });
  }

  #node(node) {
    return card(nameOf(node), {
      state: node.connected ? { kind: "good", text: "connected" } : { kind: "", text: "away" },
      facts: [node.platform, node.version, node.connected ? null : seen(node.lastSeenAtMs), node.approvalState === "approved" ? null : "waits for approval", shortId(node.nodeId)],
      details: chips([...(node.caps || []), ...(node.commands || [])]),
      actions: this.#gateway.may("pairing") ? [button("Remove", () => this.#remove("node.pair.remove", { nodeId: node.nodeId }, nameOf(node)), { class: "button quiet danger-text" })] : [],
    });
  }

  #device(device) {
    return card(nameOf(device), {
      state: device.connected ? { kind: "good", text: "connected" } : null,
      facts: [device.roles?.join(" and "), device.platform, seen(device.lastSeenAtMs), device.approvedVia === "silent" ? "approved by itself (local)" : "approved by an operator", shortId(device.deviceId)],
      details: chips(device.scopes),
      actions: [
        button("Rename", async () => {
          const label = await ask("Rename this device", "", { action: "Rename", field: nameOf(device) });
          if (label) await this.#do("device.pair.rename", { deviceId: device.deviceId, label });
        }, { class: "button quiet" }),
        button("Remove", () => this.#remove("device.pair.remove", { deviceId: device.deviceId }, nameOf(device)), { class: "button quiet danger-text" }),
      ],
    });
  }

  async #remove(method, params, name) {
    const sure = await ask(`Remove ${name}?`, "Its connections are closed at once and its token is worth nothing any more.", { action: "Remove", danger: true });
    if (sure) await this.#do(method, params, `${name} was removed.`);
  }
}
