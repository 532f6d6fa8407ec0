// An echo bot by Telegraf.
'use strict'

const http = require('node:http')
const { createRequire } = require('node:module')
const path = require('node:path')
const { serve } = require(path.resolve('trial_tests/clients/drivers/stdio.cjs'))
const load = createRequire(path.resolve('.test/more-npm/package.json'))
const { Markup, Telegraf } = load('telegraf')

const yes = () => Markup.inlineKeyboard([Markup.button.callback('Yes', 'yes')])
let bot

serve({
  async begin({ token, root }) {
    bot = new Telegraf(token, { telegram: { apiRoot: root } })
    bot.start((ctx) => ctx.replyWithHTML(`Hello, <b>${ctx.from.first_name}</b>`, yes()))
    bot.command('keys', (ctx) => ctx.reply('choose', Markup.keyboard([['A', 'B']]).resize()))
    bot.command('album', (ctx) => ctx.replyWithMediaGroup(['one', 'two'].map((name) => (
      { type: 'document', media: { source: Buffer.from(name), filename: `${name}.txt` }, caption: name }))))
    bot.on('callback_query', async (ctx) => {
      await ctx.answerCbQuery(`pressed ${ctx.callbackQuery.data}`)
      await ctx.editMessageText('*thanks*', { parse_mode: 'MarkdownV2' })
    })
    bot.on('inline_query', (ctx) => {
      const text = `inline: ${ctx.inlineQuery.query}`
      const content = { message_text: text }
      const result = { type: 'article', id: '1', title: text, input_message_content: content, ...yes() }
      return ctx.answerInlineQuery([result], { cache_time: 0 })
    })
    bot.on('chosen_inline_result', (ctx) =>
      ctx.telegram.editMessageText(undefined, undefined, ctx.chosenInlineResult.inline_message_id, 'chosen'))
    bot.on('document', async (ctx) => {
      const link = await ctx.telegram.getFileLink(ctx.message.document.file_id)
      const content = Buffer.from(await (await fetch(link)).arrayBuffer())
      await ctx.replyWithDocument({ source: content, filename: 'back.bin' }, { caption: `${content.length} bytes` })
    })
    bot.on('text', (ctx) => ctx.reply(`echo: ${ctx.message.text}`))
    await bot.telegram.setMyCommands([{ command: 'start', description: 'Begin' }])
    await new Promise((resolve, reject) => bot.launch(resolve).catch(reject))
    return { id: bot.botInfo.id, username: bot.botInfo.username }
  },
  async wrong({ chat }) {
    try {
      await bot.telegram.sendMessage(chat, '*wrong', { parse_mode: 'MarkdownV2' })
    } catch (error) {
      return `${error.name}: ${error.description}`
    }
  },
  async webhook() {
    bot.stop()
    const server = http.createServer(bot.webhookCallback('/hook', { secretToken: 'secret' }))
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${server.address().port}/hook`
    return bot.telegram.setWebhook(url, { secret_token: 'secret' })
  },
})
