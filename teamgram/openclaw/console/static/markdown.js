// The part of Markdown that models write, as elements. What is not understood stays text.

import { h, toast } from "./dom.js";

const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|(?<![\w*])\*([^*\n]+)\*(?!\w)|\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)|(https?:\/\/[^\s<>"')\]]+[^\s<>"')\].,;:!?])/g;

function link(text, url) {
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, text);
}

function inline(text) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > at) nodes.push(text.slice(at, match.index));
    const [whole, code, strong, emphasis, label, target, url] = match;
    if (code !== undefined) nodes.push(h("code", null, code));
    else if (strong !== undefined) nodes.push(h("strong", null, inline(strong)));
    else if (emphasis !== undefined) nodes.push(h("em", null, inline(emphasis)));
    else if (target !== undefined) nodes.push(link(label, target));
    else nodes.push(link(url, url));
    at = match.index + whole.length;
  }
  if (at < text.length) nodes.push(text.slice(at));
  return nodes;
}

function codeBlock(language, lines) {
  const text = lines.join("\n");
  const copy = copyButton(text);
  return h("div", { class: "code" }, h("div", { class: "code-head" }, h("span", null, language || "text"), copy),
    h("pre", { tabindex: "0" }, h("code", null, text)));
}

function copyButton(text) {
  return h("button", { type: "button", class: "link", onclick: () => navigator.clipboard?.writeText(text).then(() => toast("Copied")) }, "Copy");
}

/** Elements for a text. */
export function markdown(text) {
  const blocks = [];
  const lines = text.split("\n");
  let paragraph = [];
  const flush = () => {
    if (paragraph.length) {
      const nodes = paragraph.flatMap((line, index) => (index ? [h("br"), ...inline(line)] : inline(line)));
      blocks.push(h("p", null, nodes));
    }
    paragraph = [];
  };
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index];
    const fence = line.match(/^\s*(`{3,}|~{3,})\s*(\S*)/);
    if (fence) {
      flush();
      const inside = [];
      while (++index < lines.length && !lines[index].trim().startsWith(fence[1])) inside.push(lines[index]);
      blocks.push(codeBlock(fence[2], inside));
      continue;
    }
    const heading = line.match(/^(#{1,4})\s+(.*)/);
    const item = line.match(/^\s*([-*•]|\d+[.)])\s+(.*)/);
    if (heading) {
      flush();
      blocks.push(h(`h${Math.min(6, heading[1].length + 2)}`, null, inline(heading[2])));
    } else if (item) {
      flush();
      const tag = /\d/.test(item[1]) ? "ol" : "ul";
      const last = blocks.at(-1);
      const list = last?.tagName.toLowerCase() === tag ? last : h(tag, tag === "ol" ? { start: parseInt(item[1], 10) } : null);
      if (list !== last) blocks.push(list);
      list.append(h("li", null, inline(item[2])));
    } else if (/^\s*>\s?/.test(line)) {
      flush();
      blocks.push(h("blockquote", null, inline(line.replace(/^\s*>\s?/, ""))));
    } else if (!line.trim()) {
      flush();
    } else {
      paragraph.push(line);
    }
  }
  flush();
  return blocks;
}
