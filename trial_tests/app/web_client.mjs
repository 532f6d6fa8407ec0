// Opens pages of web apps in headless Chromium and prints one JSON line for each: what the page's title says at the end.
// Arguments: URLs. A page that says nothing within 25 s is {"failed": …} with what the console said.

const { chromium } = await import(process.env.PLAYWRIGHT_MODULE);

const context = await chromium.launchPersistentContext(process.env.CHROMIUM_PROFILE, {
  executablePath: process.env.CHROMIUM,
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--ignore-certificate-errors"],
});
for (const url of process.argv.slice(2)) {
  const page = await context.newPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  await page.goto(url);
  try {
    await page.waitForFunction(() => document.title.startsWith("{"), null, { timeout: 25000 });
    console.log(await page.title());
  } catch (error) {
    console.log(JSON.stringify({ failed: String(error), said }));
  }
  await page.close();
}
await context.close();
