// Elements without markup: text only ever becomes text.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  chat: "M4 5h16v11H9l-5 4z",
  devices: "M4 5h11v10H4zM2 19h15M18 9h4v10h-4z",
  pulse: "M3 12h4l3-8 4 16 3-8h4",
  send: "M12 20V5M6 11l6-6 6 6",
  stop: "M7 7h10v10H7z",
  close: "M6 6l12 12M18 6L6 18",
  down: "M6 9l6 6 6-6",
  tool: "M14 6a4 4 0 0 1 5 5l-8 8-4-4 8-8zM14 6l4 4",
  help: "M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2M12 18h.01",
};

/**
 * h("p", {class: "note", onclick: f, "aria-label": "x"}, "text", node, null)
 * An attribute that is false, null or undefined is left out.
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "disabled" || name === "hidden") element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: "icon", "aria-hidden": "true" })) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A line of numbers, the newest at the right. */
export function sparkline(values, label) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 24");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  const top = Math.max(...values, 1e-9);
  const points = values.map((value, index) => `${(index * 100) / Math.max(1, values.length - 1)},${23 - (value / top) * 21}`);
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", points.join(" "));
  svg.append(line);
  return svg;
}

export function button(label, onclick, attributes) {
  return h("button", { type: "button", class: "button", onclick, ...attributes }, label);
}

export function iconButton(name, label, onclick, attributes) {
  return h("button", { type: "button", class: "icon-button", title: label, "aria-label": label, onclick, ...attributes }, icon(name));
}

/** Asks in a dialog; resolves to what was answered: true, false, or the text when there is a field. */
export function ask(title, text, { action = "OK", danger = false, field = null } = {}) {
  return new Promise((resolve) => {
    const input = field === null ? null : h("input", { class: "input", value: field, "aria-label": title, maxlength: 200 });
    const end = (answer) => { dialog.close(); dialog.remove(); resolve(answer); };
    const form = h("form", { method: "dialog", onsubmit: (event) => { event.preventDefault(); end(input ? input.value.trim() : true); } },
      h("h2", null, title), text ? h("p", null, text) : null, input,
      h("div", { class: "row end" },
        button("Cancel", () => end(input ? null : false)),
        h("button", { type: "submit", class: danger ? "button danger" : "button primary" }, action)));
    const dialog = h("dialog", { oncancel: (event) => { event.preventDefault(); end(input ? null : false); } }, form);
    document.body.append(dialog);
    dialog.showModal();
  });
}

let toastBox = null;

/** A short notice that goes away; read out by screen readers. */
export function toast(text, kind = "info") {
  if (!toastBox) {
    toastBox = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
    document.body.append(toastBox);
  }
  const note = h("div", { class: `toast ${kind}` }, text);
  toastBox.append(note);
  setTimeout(() => note.remove(), 6000);
}

export function ago(ms, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - ms) / 1000));
  if (seconds < 45) return "just now";
  if (seconds < 3600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86400) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86400)} d ago`;
}

export function span(ms) {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d ${Math.floor((seconds % 86400) / 3600)} h`;
}

export function bytes(count) {
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (count < 1000 || unit === "GB") return `${count >= 100 || unit === "B" ? Math.round(count) : count.toFixed(1)} ${unit}`;
    count /= 1000;
  }
}
