// The WebSocket to the gateway: handshake, requests, events, coming back without holes.

import { loadDevice, signedText } from "./device.js";

const SCOPES = ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.questions", "operator.pairing"];
const FIRST_WAIT_MS = 800;
const MOST_WAIT_MS = 15000;
const PAIRING_WAIT_MS = 3000;
const REQUEST_MS = 60000;

export class GatewayError extends Error {
  constructor(error) {
    super(error?.message || "request failed");
    this.code = error?.code;
    this.details = error?.details || {};
  }
}

/**
 * states: "connecting", "open", "waiting" (for the server), "pairing" (for an operator), "refused" (by the server), "closed".
 * Listeners: on("state", f(state, reason)), on("event", f(name, payload)), on("hello", f(hello, resumed)).
 */
export class Gateway {
  #socket = null;
  #token = "";
  #requests = new Map();
  #listeners = { state: [], event: [], hello: [] };
  #number = 0;
  #wait = FIRST_WAIT_MS;
  #timer = 0;
  #watch = 0;
  #resume = null;
  #seq = 0;
  #wanted = false;
  state = "closed";
  reason = "";
  hello = null;

  on(kind, listener) {
    this.#listeners[kind].push(listener);
  }

  #tell(kind, ...values) {
    for (const listener of [...this.#listeners[kind]]) listener(...values);
  }

  #become(state, reason = "") {
    this.state = state;
    this.reason = reason;
    this.#tell("state", state, reason);
  }

  may(scope) {
    const granted = this.hello?.auth?.scopes || [];
    return granted.includes("operator.admin") || granted.includes(`operator.${scope}`) || (scope === "read" && granted.includes("operator.write"));
  }

  has(method) {
    return Boolean(this.hello?.features?.methods?.includes(method));
  }

  open(token) {
    this.close();
    this.#token = token;
    this.#wanted = true;
    this.#wait = FIRST_WAIT_MS;
    this.#dial();
  }

  close() {
    this.#wanted = false;
    this.#resume = null;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
    this.#dropRequests("signed out");
    this.hello = null;
    if (this.state !== "closed") this.#become("closed");
  }

  /** Try again now instead of at the end of the wait. */
  retry() {
    if (this.#wanted && !this.#socket) this.#dial();
  }

  request(method, params = {}) {
    return new Promise((resolve, reject) => {
      if (this.state !== "open") {
        reject(new GatewayError({ code: "UNAVAILABLE", message: "not connected" }));
        return;
      }
      this.#ask(method, params, resolve, reject);
    });
  }

  /**
   * A request that may be made twice without harm (it has an idempotency key): when the connection is lost before
   * its answer, it is made again on the next one.
   */
  async requestSurely(method, params) {
    for (;;) {
      try {
        return await this.request(method, params);
      } catch (error) {
        if (!error.isLoss || !(await this.#nextOpen())) throw error;
      }
    }
  }

  /** Resolves to whether the connection is there again; false when it will not be. */
  #nextOpen() {
    return new Promise((resolve) => {
      const settle = (state) => {
        if (state !== "open" && state !== "closed" && state !== "refused") return;
        this.#listeners.state.splice(this.#listeners.state.indexOf(settle), 1);
        resolve(state === "open");
      };
      if (this.state === "open") resolve(true);
      else this.on("state", settle);
    });
  }

  #ask(method, params, resolve, reject) {
    const id = String(++this.#number);
    const timer = setTimeout(() => {
      this.#requests.delete(id);
      reject(new GatewayError({ code: "TIMEOUT", message: `${method}: no answer within ${REQUEST_MS / 1000} s` }));
    }, REQUEST_MS);
    this.#requests.set(id, { resolve, reject, timer });
    this.#socket.send(JSON.stringify({ type: "req", id, method, params }));
  }

  #dropRequests(why) {
    for (const { reject, timer } of this.#requests.values()) {
      clearTimeout(timer);
      reject(Object.assign(new GatewayError({ code: "UNAVAILABLE", message: why }), { isLoss: true }));
    }
    this.#requests.clear();
  }

  #dial() {
    clearTimeout(this.#timer);
    this.#become("connecting", this.reason);
    const url = new URL(document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.hash = url.search = "";
    const socket = new WebSocket(url);
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      if (socket === this.#socket) this.#read(socket, JSON.parse(data));
    };
    socket.onclose = ({ code, reason }) => {
      if (socket === this.#socket) this.#lost(code, reason);
    };
  }

  #lost(code, reason) {
    this.#socket = null;
    clearTimeout(this.#watch);
    if (!this.#wanted || this.state === "refused") {
      this.#dropRequests("the connection was lost");
      return;
    }
    if (code === 4001) {
      this.#wanted = false;
      this.#become("refused", reason === "gateway auth changed" ? "The gateway's token was changed." : "This browser was signed out by an operator.");
    } else if (this.state !== "pairing") {
      this.#become("waiting", reason);
    }
    this.#dropRequests("the connection was lost");
    if (!this.#wanted) return;
    const wait = this.state === "pairing" ? PAIRING_WAIT_MS : this.#wait * (0.8 + Math.random() * 0.4);
    this.#wait = Math.min(MOST_WAIT_MS, this.#wait * 2);
    this.#timer = setTimeout(() => this.#dial(), wait);
  }

  #read(socket, frame) {
    this.#heard();
    if (frame.type === "res") {
      const waiting = this.#requests.get(frame.id);
      if (!waiting) return;
      this.#requests.delete(frame.id);
      clearTimeout(waiting.timer);
      if (frame.ok) waiting.resolve(frame.payload);
      else waiting.reject(new GatewayError(frame.error));
    } else if (frame.type === "event") {
      if (frame.event === "connect.challenge") this.#connect(socket, frame.payload);
      else {
        if (frame.seq) this.#seq = frame.seq;
        this.#tell("event", frame.event, frame.payload);
      }
    }
  }

  /** Two ticks missed: the connection is dead, whatever the socket says. */
  #heard() {
    clearTimeout(this.#watch);
    const interval = this.hello?.policy?.tickIntervalMs || 30000;
    const socket = this.#socket;
    this.#watch = setTimeout(() => socket?.close(4000, "tick timeout"), interval * 2.5);
  }

  async #connect(socket, { nonce, ts }) {
    const device = await loadDevice();
    const platform = navigator.userAgentData?.platform || navigator.platform || "web";
    // Without a key of its own a page keeps rights only as a local client with the token.
    const client = device
      ? { id: "openclaw-control-ui", mode: "webchat" }
      : { id: "gateway-client", mode: "backend" };
    const params = {
      minProtocol: 4,
      maxProtocol: 4,
      client: { ...client, version: document.documentElement.dataset.version || "0", platform, displayName: "Web console" },
      role: "operator",
      scopes: SCOPES,
      caps: ["event-resume"],
      locale: navigator.language,
      userAgent: navigator.userAgent,
    };
    if (this.#token) params.auth = { token: this.#token };
    if (this.#resume) params.resumeFrom = { token: this.#resume, seq: this.#seq };
    if (device) {
      const signature = await device.sign(signedText(params, device.id, ts, nonce));
      params.device = { id: device.id, publicKey: device.publicKey, signature, signedAt: ts, nonce };
    }
    if (socket !== this.#socket) return;
    this.#ask("connect", params, (hello) => this.#welcome(hello), (error) => this.#refused(error));
  }

  #welcome(hello) {
    const resumed = Boolean(hello.resume?.resumed);
    this.hello = hello;
    this.#resume = hello.resume?.token || null;
    if (!resumed) this.#seq = 0;
    this.#wait = FIRST_WAIT_MS;
    this.#become("open");
    this.#tell("hello", hello, resumed);
  }

  #refused(error) {
    const { code, requestId } = error.details;
    if (code === "PAIRING_REQUIRED") {
      this.#become("pairing", requestId);
    } else if (error.code === "UNAVAILABLE") {
      this.reason = error.message;
    } else {
      this.#wanted = false;
      this.#become("refused", code === "AUTH_TOKEN_MISSING" || code === "AUTH_PASSWORD_MISSING" || code === "DEVICE_IDENTITY_REQUIRED" ? "" : error.message);
    }
  }
}
