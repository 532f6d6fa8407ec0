// An echo bot by grammY.
'use strict'

const http = require('node:http')
const { createRequire } = require('node:module')
const path = require('node:path')
const { serve } = require(path.resolve('trial_tests/clients/drivers/stdio.cjs'))
const load = createRequire(path.resolve('.test/more-npm/package.json'))
const { Bot, InlineKeyboard, InputFile, InputMediaBuilder, Keyboard, webhookCallback } = load('grammy')

const yes = () => new InlineKeyboard().text('Yes', 'yes')
let bot
let root

serve({
  async begin({ token, root: given }) {
    root = given
    bot = new Bot(token, { client: { apiRoot: root } })
    bot.command('start', (ctx) =>
      ctx.reply(`Hello, <b>${ctx.from.first_name}</b>`, { parse_mode: 'HTML', reply_markup: yes() }))
    bot.command('keys', (ctx) => ctx.reply('choose', { reply_markup: new Keyboard().text('A').text('B').resized() }))
    bot.command('album', (ctx) => ctx.replyWithMediaGroup(['one', 'two'].map((name) =>
      InputMediaBuilder.document(new InputFile(Buffer.from(name), `${name}.txt`), { caption: name }))))
    bot.on('callback_query:data', async (ctx) => {
      await ctx.answerCallbackQuery(`pressed ${ctx.callbackQuery.data}`)
      await ctx.editMessageText('*thanks*', { parse_mode: 'MarkdownV2' })
    })
    bot.on('inline_query', (ctx) => {
      const text = `inline: ${ctx.inlineQuery.query}`
      const content = { message_text: text }
      const result = { type: 'article', id: '1', title: text, input_message_content: content, reply_markup: yes() }
      return ctx.answerInlineQuery([result], { cache_time: 0 })
    })
    bot.on('chosen_inline_result', (ctx) =>
      bot.api.editMessageTextInline(ctx.chosenInlineResult.inline_message_id, 'chosen'))
    bot.on('message:document', async (ctx) => {
      const file = await ctx.getFile()
      const answer = await fetch(`${root}/file/bot${token}/${file.file_path}`)
      const content = Buffer.from(await answer.arrayBuffer())
      await ctx.replyWithDocument(new InputFile(content, 'back.bin'), { caption: `${content.length} bytes` })
    })
    bot.on('message:text', (ctx) => ctx.reply(`echo: ${ctx.message.text}`))
    await bot.api.setMyCommands([{ command: 'start', description: 'Begin' }])
    await bot.init()
    bot.start({ timeout: 20 })
    return { id: bot.botInfo.id, username: bot.botInfo.username }
  },
  async wrong({ chat }) {
    try {
      await bot.api.sendMessage(chat, '*wrong', { parse_mode: 'MarkdownV2' })
    } catch (error) {
      return `${error.name}: ${error.description}`
    }
  },
  async webhook() {
    await bot.stop()
    const server = http.createServer(webhookCallback(bot, 'http', { secretToken: 'secret' }))
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${server.address().port}/hook`
    return bot.api.setWebhook(url, { secret_token: 'secret' })
  },
})
