// Chats in OpenClaw's Control UI and prints one JSON line per group of facts.
// Arguments: page gateway-url token
const { chromium } = await import(process.env.PLAYWRIGHT_MODULE);
const [page, gateway, token] = process.argv.slice(2);
const say = (facts) => console.log(JSON.stringify(facts));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
const tab = await browser.newPage();
const pageErrors = [];
const failures = [];
const methods = new Map();
tab.on("pageerror", (error) => pageErrors.push(String(error)));
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
tab.setDefaultTimeout(40_000);

const said = (text) => tab.getByText(text).first().waitFor();
const ask = async (text) => {
  const box = tab.getByPlaceholder("Message Assistant");
  await box.fill(text);
  await box.press("Enter");
};

try {
  await tab.goto(`${page}?gatewayUrl=${encodeURIComponent(gateway)}#token=${token}`);
  await tab.getByRole("button", { name: /^Switch to/ }).click();
  await tab.getByPlaceholder("Message Assistant").waitFor();
  await tab.getByText("Echo", { exact: true }).first().waitFor();
  say({ model: "Echo" });

  await ask("count chunks=40 delay=0.1");
  await said(/word3\b/);
  const grew = (await tab.getByText(/word39\b/).count()) === 0;
  await said(/word39\b/);
  say({ grew });

  await ask("count on chunks=400 delay=0.1");
  await tab.getByText(/word3\b/).nth(1).waitFor();
  await tab.getByRole("button", { name: /stop/i }).first().click();
  await said("Interrupted");
  say({ interrupted: (await tab.getByText(/word399\b/).count()) === 0 });

  await ask("USETOOL chunks=2");
  await said("List Files");
  say({ toolShown: true });

  await tab.getByRole("link", { name: "Automations", exact: true }).click();
  await said("No automations yet");
  await tab.goto(page);
  await said(/word39\b/);
  await said("count on chunks=400 delay=0.1");
  say({ shownAgain: true, refreshCards: await tab.getByText("Server updated").count() });
} catch (error) {
  say({ failed: String(error), body: (await tab.innerText("body")).slice(0, 3000) });
} finally {
  say({ pageErrors, failures });
  await browser.close();
  say({ done: true });
}
