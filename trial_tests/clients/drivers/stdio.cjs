// The line protocol of stdio.py for libraries that run in Node; see there.
'use strict'

const readline = require('node:readline')

const write = (line) => process.stdout.write(JSON.stringify(line) + '\n')

/** Tell the test about something that it did not ask for. */
const emit = (event, fields = {}) => write({ event, ...fields })

/**
 * Answer commands until standard input ends.
 * @param commands name -> async (args) => result
 * @param describe how an exception is told, the RPC error's own name first
 */
function serve(commands, describe = (error) => `${error.name}: ${error.message}`) {
  // What a library prints must not look like an answer.
  for (const name of ['log', 'info', 'warn', 'debug']) console[name] = console.error
  process.on('unhandledRejection', (error) => console.error('unhandled', error))
  const lines = readline.createInterface({ input: process.stdin })
  lines.on('line', async (text) => {
    const { id, do: command, args } = JSON.parse(text)
    try {
      write({ id, ok: (await commands[command](args ?? {})) ?? null })
    } catch (error) {
      console.error(error)
      write({ id, error: describe(error) })
    }
  })
  lines.on('close', () => process.exit(0))
  emit('ready')
}

module.exports = { emit, serve }
