// A library in a page of headless Chromium: commands are the page's, so are the events.
// Arguments: the page's script in .test/more/browser, and Chromium.
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import stdio from '../../../trial_tests/clients/drivers/stdio.cjs'

const [script, executablePath] = process.argv.slice(2)
const { chromium } = await import(pathToFileURL(join(process.cwd(), '.test/npm/node_modules/playwright-core/index.mjs')))
const files = {
  '/': ['text/html', `<meta charset=utf-8><link rel=icon href=data:><script src=/${script}></script>`],
  [`/${script}`]: ['text/javascript', readFileSync(join('.test/more/browser', script))],
  '/mtcute.wasm': ['application/wasm', readFileSync('.test/more/browser/mtcute.wasm')],
}
const server = createServer(({ url }, response) => {
  const [type, body] = files[url] ?? ['text/plain', '']
  response.writeHead(files[url] ? 200 : 404, { 'content-type': type }).end(body)
})
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))
const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
const browser = await chromium.launch({ executablePath, args })
const page = await browser.newPage()
page.on('pageerror', (error) => console.error(String(error)))
await page.exposeFunction('emit', stdio.emit)
await page.goto(`http://127.0.0.1:${server.address().port}/`)

const ask = (name) => (args) => page.evaluate(([name, args]) => window.commands[name](args), [name, args])
const commands = {
  connect: (args) => {
    const modulus = Buffer.from(createPublicKey(args.key).export({ format: 'jwk' }).n, 'base64url').toString('hex')
    return ask('connect')({ ...args, modulus })
  },
}
for (const name of ['sign_in', 'import_contact', 'send', 'edit', 'history']) commands[name] = ask(name)
stdio.serve(commands, (error) => error.message)
