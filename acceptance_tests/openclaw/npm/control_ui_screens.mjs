// Walks through the screens of OpenClaw's Control UI and prints one JSON line per screen.
// Arguments: page gateway-url token screenshots-directory path...
const { chromium } = await import(process.env.PLAYWRIGHT_MODULE);
const [page, gateway, token, pictures, ...paths] = process.argv.slice(2);
const say = (facts) => console.log(JSON.stringify(facts));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
const tab = await browser.newPage({ viewport: { width: 1280, height: 900 } });
const methods = new Map();
let failures = [];
let errors = [];
tab.on("pageerror", (error) => errors.push(String(error)));
tab.on("console", (message) => message.type() === "error" && errors.push(message.text()));
tab.on("websocket", (socket) => {
  socket.on("framesent", ({ payload }) => {
    const frame = JSON.parse(String(payload));
    methods.set(frame.id, frame.method);
  });
  socket.on("framereceived", ({ payload }) => {
    const frame = JSON.parse(String(payload));
    if (frame.type === "res" && !frame.ok) failures.push([methods.get(frame.id), frame.error.message]);
  });
});
tab.setDefaultTimeout(60_000);

try {
  await tab.goto(`${page}?gatewayUrl=${encodeURIComponent(gateway)}#token=${token}`);
  await tab.getByRole("button", { name: /^Switch to/ }).click();
  await tab.getByPlaceholder("Message Assistant").waitFor();
  await tab.getByText("Echo", { exact: true }).first().waitFor();
  for (const path of ["chat", ...paths]) {
    failures = [];
    errors = [];
    if (path !== "chat") await tab.goto(`${page}${path}`);
    await tab.waitForLoadState("networkidle");
    await tab.waitForTimeout(2500);
    if (pictures) await tab.screenshot({ path: `${pictures}/${path.replaceAll("/", "-").replace("?", "-")}.png` });
    const body = (await tab.innerText("body")).replace(/\s+/g, " ");
    say({ screen: path, failures, errors, at: new URL(tab.url()).pathname, body: body.slice(0, 600) });
  }
} catch (error) {
  say({ failed: String(error), body: (await tab.innerText("body")).slice(0, 2000) });
} finally {
  await browser.close();
  say({ done: true });
}
