// Where it begins: signing in, the frame around the views, the keyboard.

import { ChatView } from "./chat.js";
import { DevicesView } from "./devices.js";
import { button, h, icon, iconButton, toast } from "./dom.js";
import { Gateway } from "./gateway.js";
import { OverviewView } from "./overview.js";
import { Sessions } from "./sessions.js";

const TOKEN = "teamgram.gateway.token";
const SHORTCUTS = [
  ["Enter", "Send the message"], ["Shift+Enter", "New line"], ["Esc", "Stop the run that is under way; close a dialog or the menu"],
  ["/", "Go to the message field"], ["N", "New conversation"], ["Alt+↑  Alt+↓", "Previous or next conversation"],
  ["1  2  3", "Chat, devices, overview"], ["?", "This list"],
];
const VIEWS = [["chat", "Chat", "chat"], ["devices", "Devices", "devices"], ["overview", "Overview", "pulse"]];
const STATES = { connecting: "Connecting…", open: "Connected", waiting: "Reconnecting…", pairing: "Waiting for approval", refused: "Signed out", closed: "Signed out" };

const app = document.getElementById("app");
const gateway = new Gateway();
const sessions = new Sessions(gateway);
const views = { chat: new ChatView(gateway, sessions), devices: new DevicesView(gateway), overview: new OverviewView(gateway) };
let current = "";

/** A token in the address is taken, and gone from there at once: addresses end up in histories and screenshots. */
function tokenFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  sessionStorage.setItem(TOKEN, given);
  history.replaceState(null, "", location.pathname + location.search);
}

// Signing in

const tokenField = h("input", { class: "input", type: "password", name: "token", autocomplete: "current-password", placeholder: "Gateway token", "aria-label": "Gateway token", required: true, spellcheck: "false" });
const signInProblem = h("p", { class: "problem", role: "alert" });
const signIn = h("main", { class: "sign-in" },
  h("form", { class: "panel", onsubmit: (event) => { event.preventDefault(); begin(tokenField.value.trim()); } },
    h("img", { src: "icon.svg", alt: "", width: 56, height: 56 }), h("h1", null, "Teamgram console"),
    h("p", { class: "hint" }, "The token is in ", h("code", null, "gateway.token"), " of the server's data directory."),
    tokenField, signInProblem, h("button", { type: "submit", class: "button primary wide" }, "Sign in")));
const waitingText = h("p", { class: "hint" });
const waitingPage = h("main", { class: "sign-in" }, h("div", { class: "panel" }, h("span", { class: "spinner big" }), h("h1", null, "Almost there"),
  waitingText, button("Use another token", () => signOut(), { class: "button wide" })));

function begin(token) {
  if (token) sessionStorage.setItem(TOKEN, token);
  else sessionStorage.removeItem(TOKEN);
  gateway.open(token);
}

function signOut(problem = "") {
  sessionStorage.removeItem(TOKEN);
  gateway.close();
  showSignIn(problem);
}

function showSignIn(problem) {
  app.replaceChildren(signIn);
  signInProblem.textContent = problem;
  tokenField.value = "";
  tokenField.focus();
}

// The frame

const stateText = h("span", { class: "state-text" });
const connection = h("div", { class: "connection", role: "status" }, h("span", { class: "dot" }), stateText);
const badge = h("span", { class: "badge", hidden: true });
const tabs = VIEWS.map(([name, label, image]) => h("a", { class: "tab", href: `#/${name}` }, icon(image), h("span", null, label), name === "devices" ? badge : null));
const menuButton = iconButton("menu", "Conversations", () => toggleMenu(), { class: "icon-button menu-button", "aria-expanded": "false", "aria-controls": "side" });
const side = h("aside", { class: "side", id: "side" },
  h("div", { class: "brand" }, h("img", { src: "icon.svg", alt: "", width: 28, height: 28 }), h("strong", null, "Teamgram"),
    iconButton("close", "Close the menu", () => toggleMenu(false), { class: "icon-button only-narrow" })),
  h("div", { class: "tabs" }, tabs), sessions.newButton(), sessions.element,
  h("footer", { class: "side-foot" }, connection, iconButton("help", "Keyboard shortcuts", () => showShortcuts()), button("Sign out", () => signOut(), { class: "button quiet" })));
const topTitle = h("strong", null, "Chat");
const lost = h("div", { class: "lost", role: "alert", hidden: true });
const stage = h("main", { class: "stage" });
const shade = h("div", { class: "shade", onclick: () => toggleMenu(false) });
const frame = h("div", { class: "frame" }, side, shade,
  h("div", { class: "main" }, h("header", { class: "top" }, menuButton, topTitle, h("span", { class: "dot" })), lost, stage));

function toggleMenu(open = !frame.classList.contains("menu-open")) {
  frame.classList.toggle("menu-open", open);
  menuButton.setAttribute("aria-expanded", String(open));
  if (open) sessions.element.querySelector("[aria-current]")?.focus();
}

function route() {
  if (gateway.hello === null) return;
  const [name, key] = location.hash.replace(/^#\/?/, "").split("/");
  const next = views[name] ? name : "chat";
  if (next !== current) {
    views[current]?.hide?.();
    current = next;
    stage.replaceChildren(views[next].element);
    views[next].show?.();
    if (next === "devices") views.devices.load();
  }
  VIEWS.forEach(([each, label], index) => {
    tabs[index].toggleAttribute("aria-current", each === next);
    if (each === next) { tabs[index].setAttribute("aria-current", "page"); topTitle.textContent = label; }
  });
  toggleMenu(false);
  if (next === "chat") openChat(key ? decodeURIComponent(key) : views.chat.key || "main");
  else sessions.select("");
}

async function openChat(key) {
  if (key !== views.chat.key) await views.chat.open(key);
  sessions.select(views.chat.key);
  if (matchMedia("(min-width: 761px)").matches) views.chat.focus();
}

function step(by) {
  const order = sessions.order;
  const next = order[order.indexOf(views.chat.key) + by];
  if (next) location.hash = `#/chat/${encodeURIComponent(next)}`;
}

function showShortcuts() {
  const dialog = h("dialog", { class: "shortcuts", onclose: () => dialog.remove() }, h("h2", null, "Keyboard"),
    h("dl", null, SHORTCUTS.flatMap(([keys, text]) => [h("dt", null, keys.split("  ").map((key) => h("kbd", null, key))), h("dd", null, text)])),
    h("form", { method: "dialog", class: "row end" }, h("button", { class: "button primary" }, "Close")));
  document.body.append(dialog);
  dialog.showModal();
}

addEventListener("keydown", (event) => {
  if (event.isComposing || document.querySelector("dialog[open]") || !frame.isConnected) return;
  const isTyping = event.target.matches("input, textarea");
  const act = (work) => { event.preventDefault(); work(); };
  if (event.key === "Escape") {
    if (frame.classList.contains("menu-open")) act(() => { toggleMenu(false); menuButton.focus(); });
    else if (current === "chat" && views.chat.stop()) event.preventDefault();
  } else if (event.altKey && event.key === "ArrowUp") act(() => step(-1));
  else if (event.altKey && event.key === "ArrowDown") act(() => step(1));
  else if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.key === "/") act(() => { location.hash = "#/chat"; views.chat.focus(); });
  else if (event.key === "n") act(() => sessions.create());
  else if (event.key === "?") act(showShortcuts);
  else if ("123".includes(event.key)) act(() => { location.hash = `#/${VIEWS[event.key - 1][0]}`; });
});
addEventListener("hashchange", route);
addEventListener("online", () => gateway.retry());
document.addEventListener("visibilitychange", () => { if (!document.hidden) gateway.retry(); });

// The connection

views.devices.onwaiting((count) => {
  badge.textContent = count;
  badge.hidden = !count;
  badge.setAttribute("aria-label", `${count} waiting for approval`);
  document.title = count ? `(${count}) Teamgram console` : "Teamgram console";
});

gateway.on("state", (state, reason) => {
  frame.dataset.state = state;
  stateText.textContent = STATES[state];
  lost.hidden = state === "open" || state === "closed";
  lost.textContent = `${reason === "service restart" ? "The gateway restarts." : "The connection is lost."} Trying again…`;
  if (state === "refused") {
    sessionStorage.removeItem(TOKEN);
    showSignIn(reason);
  } else if (state === "pairing") {
    waitingText.replaceChildren("This browser has to be approved by an operator: in another console, or with ", h("code", null, `teamgram devices approve ${reason}`));
    app.replaceChildren(waitingPage);
  }
});

gateway.on("hello", async (hello, resumed) => {
  const isNew = !frame.isConnected;
  if (isNew) app.replaceChildren(frame);
  if (!hello.auth.scopes.length) toast("Connected without rights: open this page over HTTPS or on the server itself.", "error");
  try {
    if (isNew || !resumed) await sessions.load();
    views.devices.load();
    if (isNew) { current = ""; route(); } else if (!resumed && views.chat.key) views.chat.reload();
  } catch (error) {
    toast(error.message, "error");
  }
});

tokenFromAddress();
app.replaceChildren(h("main", { class: "sign-in" }, h("span", { class: "spinner big", role: "img", "aria-label": "Connecting" })));
begin(sessionStorage.getItem(TOKEN) || "");
