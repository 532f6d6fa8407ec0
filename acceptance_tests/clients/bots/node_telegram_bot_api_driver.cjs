// An echo bot by node-telegram-bot-api, as the world runs it: before its second version.
'use strict'

const http = require('node:http')
const { createRequire } = require('node:module')
const path = require('node:path')
const { serve } = require(path.resolve('trial_tests/clients/drivers/stdio.cjs'))
const load = createRequire(path.resolve('.test/more-npm/package.json'))
const { TelegramBot } = load('node-telegram-bot-api')

const YES = { inline_keyboard: [[{ text: 'Yes', callback_data: 'yes' }]] }
let bot

async function text(message) {
  const chat = message.chat.id
  if (message.text === '/start') {
    const hello = `Hello, <b>${message.from.first_name}</b>`
    await bot.sendMessage(chat, hello, { parse_mode: 'HTML', reply_markup: YES })
  } else if (message.text === '/keys') {
    await bot.sendMessage(chat, 'choose', { reply_markup: { keyboard: [['A', 'B']], resize_keyboard: true } })
  } else if (message.text === '/album') {
    const media = ['one', 'two'].map((name) => ({ type: 'document', media: Buffer.from(name), caption: name }))
    await bot.sendMediaGroup(chat, media)
  } else {
    await bot.sendMessage(chat, `echo: ${message.text}`)
  }
}

serve({
  async begin({ token, root }) {
    bot = new TelegramBot(token, { baseApiUrl: root, polling: { params: { timeout: 20 } } })
    bot.on('text', text)
    bot.on('callback_query', async (query) => {
      await bot.answerCallbackQuery(query.id, { text: `pressed ${query.data}` })
      const where = { chat_id: query.message.chat.id, message_id: query.message.message_id }
      await bot.editMessageText('*thanks*', { parse_mode: 'MarkdownV2', ...where })
    })
    bot.on('inline_query', async (query) => {
      const said = `inline: ${query.query}`
      const content = { message_text: said }
      const result = { type: 'article', id: '1', title: said, input_message_content: content, reply_markup: YES }
      await bot.answerInlineQuery(query.id, [result], { cache_time: 0 })
    })
    bot.on('chosen_inline_result', (chosen) =>
      bot.editMessageText('chosen', { inline_message_id: chosen.inline_message_id }))
    bot.on('document', async (message) => {
      const pieces = []
      for await (const piece of bot.getFileStream(message.document.file_id)) pieces.push(piece)
      const content = Buffer.concat(pieces)
      const about = { filename: 'back.bin', contentType: 'application/octet-stream' }
      await bot.sendDocument(message.chat.id, content, { caption: `${content.length} bytes` }, about)
    })
    await bot.setMyCommands([{ command: 'start', description: 'Begin' }])
    const me = await bot.getMe()
    return { id: me.id, username: me.username }
  },
  async wrong({ chat }) {
    try {
      await bot.sendMessage(chat, '*wrong', { parse_mode: 'MarkdownV2' })
    } catch (error) {
      return `${error.name}: ${error.message}`
    }
  },
  async webhook() {
    await bot.stopPolling()
    const server = http.createServer((request, response) => {
      const pieces = []
      request.on('data', (piece) => pieces.push(piece))
      request.on('end', () => {
        if (request.headers['x-telegram-bot-api-secret-token'] === 'secret') {
          bot.processUpdate(JSON.parse(Buffer.concat(pieces)))
        }
        response.end()
      })
    })
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    return bot.setWebHook(`http://127.0.0.1:${server.address().port}/hook`, { secret_token: 'secret' })
  },
})
