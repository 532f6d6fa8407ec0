// Drives the web console in headless Chromium and prints one JSON line per fact.
// Arguments: scenario, url, token. With CONSOLE_SCREENSHOTS=DIR it also leaves pictures there.

const { chromium } = await import(process.env.PLAYWRIGHT_MODULE);
const [scenario, url, token] = process.argv.slice(2);
const say = (fact) => console.log(JSON.stringify(fact));
const shots = process.env.CONSOLE_SCREENSHOTS;

const context = await chromium.launchPersistentContext(process.env.CHROMIUM_PROFILE, {
  executablePath: process.env.CHROMIUM,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
  viewport: { width: 1180, height: 760 },
  colorScheme: "light",
});
context.setDefaultTimeout(8000);
const page = context.pages()[0] ?? (await context.newPage());
page.on("console", (message) => { if (["error", "warning"].includes(message.type())) say({ console: message.text() }); });
page.on("pageerror", (error) => say({ pageerror: String(error) }));
await page.addInitScript(() => document.addEventListener("securitypolicyviolation", (e) => console.error(`CSP ${e.violatedDirective} ${e.blockedURI}`)));

let taken = 0;
const shoot = async (name) => { if (shots) await page.screenshot({ path: `${shots}/${scenario}-${++taken}-${name}.png` }); };
const message = page.getByRole("textbox", { name: "Message" });
const lastReply = page.locator(".message.assistant").last();
const write = async (text) => { await message.fill(text); await message.press("Enter"); };
const signIn = async () => { await page.goto(`${url}#token=${token}`); await message.waitFor(); };
const idle = () => page.getByRole("button", { name: "Stop" }).waitFor({ state: "hidden" });

const scenarios = {
  async sign_in() {
    await page.goto(url);
    await page.getByRole("heading", { name: "Teamgram console" }).waitFor();
    await shoot("form");
    await page.getByLabel("Gateway token").fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "mismatch" }).waitFor();
    say({ refused: await page.getByRole("alert").textContent() });
    await page.getByLabel("Gateway token").fill(token);
    await page.keyboard.press("Enter");
    await message.waitFor();
    say({ session: await page.evaluate(() => sessionStorage.length), local: await page.evaluate(() => localStorage.length) });
    await page.reload();
    await message.waitFor();
    say({ reloaded: true });
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Gateway token").waitFor();
    say({ session: await page.evaluate(() => sessionStorage.length) });
    await page.goto("about:blank");
    await signIn();
    say({ hash: await page.evaluate(() => location.href.includes("token")) });
  },

  async chat() {
    await signIn();
    await write("chunks=40 delay=0.03");
    await page.locator(".message.live").waitFor();
    const early = (await lastReply.innerText()).length;
    await page.waitForFunction((size) => document.querySelector(".message.assistant:last-of-type")?.innerText.length > size + 20, early);
    say({ grows: true });
    await shoot("streaming");
    await idle();
    say({ reply: (await lastReply.locator(".text").innerText()).trim().split(" ").length, live: await page.locator(".message.live").count() });
    await write("USETOOL **bold** `code` <img src=x onerror=alert(1)>");
    await page.locator(".tool.done").waitFor();
    await idle();
    say({ tool: await page.locator(".tool-name").innerText(), order: await page.locator(".list > *").evaluateAll((all) => all.map((each) => each.className)) });
    say({ strong: await lastReply.locator("strong").innerText(), images: await page.locator(".list img").count() });
    await page.locator(".tool summary").click();
    await shoot("tool");
    await page.reload();
    await message.waitFor();
    await page.locator(".tool.done").waitFor();
    say({ again: await page.locator(".list > *").evaluateAll((all) => all.map((each) => each.className)) });
    await write("FAIL400");
    await page.locator(".chat-notice.error").waitFor();
    say({ failed: await page.locator(".chat-notice.error").first().innerText() });
  },

  async stop() {
    await signIn();
    await write("chunks=500 delay=0.05");
    await page.locator(".message.live").waitFor();
    await page.reload();
    await page.locator(".message.live").waitFor();
    say({ adopted: true });
    await shoot("running");
    await message.press("Escape");
    await idle();
    await page.getByText("Stopped").first().waitFor();
    say({ stopped: await page.getByText("Stopped").count(), live: await page.locator(".message.live").count() });
    await page.getByRole("button", { name: "New conversation" }).click();
    await page.waitForURL(/dashboard/);
    await write("a second one");
    await page.locator(".message.assistant", { hasText: "a second one" }).waitFor();
    say({ sessions: await page.locator(".session").count() });
    await message.press("Alt+ArrowDown");
    await page.locator(".message.user", { hasText: "chunks=500" }).waitFor();
    say({ title: await page.getByRole("heading", { level: 1 }).innerText() });
    await page.locator(".log").focus();
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await shoot("shortcuts");
    await page.keyboard.press("Escape");
    await page.keyboard.press("3");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    say({ shortcuts: true });
  },

  async waits() {
    await signIn();
    await write("hello");
    await page.locator(".phase", { hasText: "Provider temporarily unavailable" }).waitFor();
    say({ told: true });
    await page.locator(".message.assistant img.picture").waitFor();
    await idle();
    say({ pictures: await page.locator(".message.assistant img.picture").count() });
  },

  async cut() {
    await signIn();
    await write("chunks=80 delay=0.03");
    await page.locator(".message.assistant:not(.live)", { hasText: "word79" }).waitFor();
    await idle();
    say({ state: await page.locator(".connection").innerText(), shown: await page.locator(".list > *").evaluateAll((all) => all.map((each) => each.className)) });
    say({ words: await lastReply.locator(".text").innerText() });
  },

  async old_browser() {
    await page.addInitScript(() => Object.defineProperty(crypto, "subtle", { value: undefined }));
    await signIn();
    await write("hello");
    await page.locator(".message.assistant", { hasText: "hello" }).waitFor();
    say({ writes: true });
  },

  async remote() {
    await page.goto(`${url}#token=${token}`);
    await page.getByText(/teamgram devices approve/).waitFor();
    await shoot("waiting");
    say({ waits: await page.locator("code").innerText() });
    await message.waitFor();
    await page.getByRole("link", { name: "Overview" }).click();
    await page.locator(".people li").nth(1).waitFor();
    say({ people: await page.locator(".people .facts").allInnerTexts() });
  },

  async devices() {
    await signIn();
    await page.locator(".tab .badge", { hasText: "4" }).waitFor();
    await page.getByRole("link", { name: /Devices/ }).click();
    const waiting = page.locator(".card.waiting");
    await waiting.first().waitFor();
    await shoot("waiting");
    say({ waiting: await waiting.locator("h3").allInnerTexts() });
    await waiting.filter({ hasText: "ls -l" }).getByRole("button", { name: "Allow once" }).click();
    await page.getByText("ls -l was allowed.").waitFor();
    await waiting.filter({ hasText: "Phone" }).getByRole("button", { name: "Approve" }).click();
    await page.getByText("Phone was approved.").waitFor();
    await waiting.filter({ hasText: "Stranger" }).getByRole("button", { name: "Refuse" }).click();
    await page.getByText("Stranger was refused.").waitFor();
    await waiting.filter({ hasText: "Workshop" }).getByRole("button", { name: "Approve" }).click();
    await page.getByText("Workshop was approved.").waitFor();
    await page.waitForFunction(() => !document.querySelector(".card.waiting"));
    say({ badge: await page.locator(".tab .badge").isVisible(), node: await page.locator(".group[aria-label=Nodes] .card").innerText() });
    await shoot("decided");
    await page.locator(".card", { hasText: "Phone" }).getByRole("button", { name: "Remove" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("Phone was removed.").waitFor();
    // The list is asked for again and drawn a moment later.
    await page.locator(".card", { hasText: "Phone" }).waitFor({ state: "detached" });
    say({ removed: (await page.locator(".card", { hasText: "Phone" }).count()) === 0 });
  },

  async overview() {
    await page.goto(`${url}#token=${token}`);
    await message.waitFor();
    await page.getByRole("link", { name: "Overview" }).click();
    await page.locator(".tile", { hasText: "Up for" }).waitFor();
    await page.locator(".tile", { hasText: "Connections" }).waitFor();
    say({ tiles: await page.locator(".tile-label").allInnerTexts() });
    say({ people: await page.locator(".people strong").allInnerTexts() });
    say({ connections: await page.locator(".tile", { hasText: "Connections" }).locator(".tile-value").innerText() });
    await shoot("light");
  },

  async looks() {
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    // The smallest contrast between small or coloured words and what is behind them.
    const contrast = () => page.evaluate(() => {
      const rgba = (text) => {
        const [r, g, b, a = 1] = text.replace("srgb", "").match(/\d+(\.\d+)?/g).map(Number);
        return text.startsWith("color(") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
      };
      const over = ([r, g, b, a], below) => [r, g, b].map((each, index) => each * a + below[index] * (1 - a));
      const ground = (element) => {
        const own = rgba(getComputedStyle(element).backgroundColor);
        return own[3] === 1 || !element.parentElement ? own.slice(0, 3) : over(own, ground(element.parentElement));
      };
      const channel = (value) => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
      const words = [".session-time", ".session-preview", ".model", ".message.user time", ".message.assistant time", ".message a", ".code-head", ".round.primary", ".tab", ".connection"];
      return Math.min(...words.map((selector) => {
        const element = document.querySelector(selector);
        const lights = [luminance(rgba(getComputedStyle(element).color)), luminance(ground(element))];
        return (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
      }));
    });
    const overflows = () => page.evaluate(() => [...document.querySelectorAll("body *")].filter((e) => {
      const box = e.getBoundingClientRect();
      return box.width && getComputedStyle(e).visibility === "visible" && box.right > innerWidth + 1 && !e.closest("pre, .side");
    }).map((e) => e.className || e.tagName));
    await signIn();
    await write("# Plan\n\nSome **words**, a list:\n\n- one\n- two\n\n```python\nprint('a rather long line of code that does not fit into a telephone, whichever way you hold it')\n```\n\nhttps://example.org/ too.");
    await page.locator(".message.assistant pre").waitFor();
    await idle();
    await page.locator(".session").first().waitFor();
    say({ light: await background(), contrast: Math.round(await contrast() * 10) / 10 });
    await shoot("light");
    await page.emulateMedia({ colorScheme: "dark" });
    say({ dark: await background(), contrast: Math.round(await contrast() * 10) / 10 });
    await shoot("dark");
    await page.setViewportSize({ width: 360, height: 740 });
    await page.locator(".side").waitFor({ state: "hidden" });
    say({ phone: await overflows(), side: await page.locator(".side").isVisible() });
    await shoot("phone-chat");
    await page.getByRole("button", { name: "Conversations" }).click();
    await page.locator(".side").waitFor();
    await page.waitForTimeout(300);
    await shoot("phone-menu");
    for (const name of ["Devices", "Overview"]) {
      if (!(await page.locator(".frame.menu-open").count())) await page.getByRole("button", { name: "Conversations" }).click();
      await page.getByRole("link", { name: new RegExp(name) }).click();
      await page.locator(name === "Devices" ? ".card" : ".tile").first().waitFor();
      await page.waitForTimeout(300);
      say({ phone: await overflows(), view: name });
      await shoot(`phone-${name.toLowerCase()}`);
    }
    await page.setViewportSize({ width: 1180, height: 760 });
    await shoot("dark-overview");
  },
};

try {
  await scenarios[scenario]();
  say({ done: scenario });
} catch (error) {
  say({ failed: error.message });
  await shoot("failed");
} finally {
  await context.close();
}
