// mtcute: unmodified but for the server's address and key.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

import stdio from './stdio.cjs'

const installed = (path) => import(pathToFileURL(join(process.cwd(), '.test/node/node_modules', path)).href)
const mtcute = await installed('@mtcute/node/index.js')
const { addPublicKey } = await installed('@mtcute/core/utils.js')
const { NodeCryptoProvider } = await installed('@mtcute/node/utils/crypto.js')
const { default: Long } = await installed('long/index.js')
const { emit, serve } = stdio

class Transport extends mtcute.TcpTransport {
  constructor(makeCodec) {
    super()
    this.packetCodec = makeCodec
  }
}

const padded = () => new mtcute.PaddedIntermediatePacketCodec()
const intermediate = () => new mtcute.IntermediatePacketCodec()
const TRANSPORTS = {
  intermediate,
  padded,
  obfuscated: () => new mtcute.ObfuscatedPacketCodec(intermediate()),
  padded_o: () => new mtcute.ObfuscatedPacketCodec(padded()),
}

let client

const describe = (error) => `${error.text ?? error.name}: ${error.message}`
const MARK = 1_000_000_000_000
const KINDS = { peerUser: ['user', 'userId'], peerChat: ['chat', 'chatId'], peerChannel: ['channel', 'channelId'] }
const peerOf = (peer) => [KINDS[peer._][0], peer[KINDS[peer._][1]]]
const tellUser = (user) => ({ id: user.id, first_name: user.firstName, phone: user.phoneNumber ?? user.phone })

function tell(message) {
  const raw = message.raw ?? message
  return {
    id: raw.id,
    text: raw.message ?? '',
    peer: peerOf(raw.peerId),
    from: raw.fromId?.userId ?? raw.peerId.userId ?? null,
    out: Boolean(raw.out),
    reply_to: raw.replyTo?.replyToMsgId ?? null,
    forwarded: Boolean(raw.fwdFrom),
    action: raw.action?._ ?? null,
  }
}

const counted = (results) => Object.fromEntries(results.map((one) => [one.reaction.emoticon, one.count]))

function onUpdate({ update }) {
  switch (update._) {
    case 'updateNewMessage':
    case 'updateNewChannelMessage':
      return emit(update.message.action ? 'service_message' : 'new_message', tell(update.message))
    case 'updateEditMessage':
    case 'updateEditChannelMessage':
      return emit('edited', tell(update.message))
    case 'updateDeleteMessages':
    case 'updateDeleteChannelMessages':
      return emit('deleted', { ids: update.messages })
    case 'updateReadHistoryOutbox':
    case 'updateReadChannelOutbox':
      return emit('read', { max_id: update.maxId, outbox: true })
    case 'updateMessageReactions':
      return emit('reactions', { id: update.msgId, counts: counted(update.reactions.results) })
    case 'updateMessagePoll':
      return emit('poll', { voters: update.results.totalVoters })
    case 'updateUserTyping':
      return emit('typing', { user: update.userId, peer: ['user', update.userId] })
  }
}

const MARKED = { chat: (id) => -id, channel: (id) => -MARK - id, self: () => 'me', user: (id) => id }
const marked = ([kind, value]) => MARKED[kind](value)
const peer = (which) => client.resolvePeer(marked(which))

const commands = {
  async connect({ host, port, key, transport = 'intermediate', pfs = false }) {
    const crypto = new NodeCryptoProvider()
    await crypto.initialize?.()
    addPublicKey(crypto, key)
    const dc = { id: 2, ipAddress: host, port }
    client = new mtcute.TelegramClient({
      apiId: 1,
      apiHash: '0'.repeat(32),
      storage: new mtcute.MemoryStorage(),
      crypto,
      transport: new Transport(TRANSPORTS[transport]),
      defaultDcs: { main: dc, media: dc },
      network: { usePfs: pfs },
      logLevel: 1,
    })
    client.onRawUpdate.add(onUpdate)
    await client.connect()
    return false
  },
  async sign_in({ phone, code, first_name: firstName }) {
    const { phoneCodeHash } = await client.sendCode({ phone })
    let me
    try {
      me = await client.signIn({ phone, phoneCodeHash, phoneCode: code })
    } catch (error) {
      // mtcute has no sign-up of its own any more: the raw method is what is left.
      if (!/SIGN_?UP|unoccupied/i.test(describe(error))) throw error
      const answer = await client.call({
        _: 'auth.signUp',
        phoneNumber: phone,
        phoneCodeHash,
        firstName,
        lastName: '',
      })
      await client.notifyLoggedIn(answer)
      me = await client.getMe()
    }
    await client.startUpdatesLoop()
    return tellUser(me)
  },
  me: async () => tellUser(await client.getMe()),
  // Who one is in another data centre, over the connection and the key that files from there come by.
  async id_in({ dc: dcId }) {
    const [user] = await client.call({ _: 'users.getUsers', id: [{ _: 'inputUserSelf' }] }, { dcId })
    return user.id
  },
  sign_out: async () => Boolean(await client.logOut()),
  async import_contact({ phone, first_name: firstName }) {
    const contact = { _: 'inputPhoneContact', clientId: Long.ONE, phone, firstName, lastName: '' }
    return (await client.call({ _: 'contacts.importContacts', contacts: [contact] })).users.map(tellUser)
  },
  async send({ peer: to, text, reply_to: replyTo }) {
    return tell(await client.sendText(marked(to), text, { replyTo }))
  },
  async send_file({ peer: to, path, photo = false, caption = '' }) {
    const type = photo ? 'photo' : 'document'
    return tell(await client.sendMedia(marked(to), { type, file: `file:${path}`, caption }))
  },
  async download({ peer: to, id, path }) {
    const [message] = await client.getMessages(marked(to), [id])
    // Its downloadToFile returns before the last bytes are in the file.
    await writeFile(path, await client.downloadAsBuffer(message.media))
    return { text: message.text, kind: message.media.type }
  },
  async poll({ peer: to, question, answers, multiple = false, public: isPublic = false, correct }) {
    const quiz = correct === undefined ? {} : { type: 'quiz', correct: [correct] }
    const media = { type: 'poll', question, answers, multiple, public: isPublic, ...quiz }
    return (await client.sendMedia(marked(to), media)).id
  },
  async vote({ peer: to, id, places }) {
    await client.sendVote({ chatId: marked(to), message: id, options: places.length ? places : null })
  },
  async close_poll({ peer: to, id }) {
    await client.closePoll({ chatId: marked(to), message: id })
  },
  async poll_at({ peer: to, id }) {
    const [{ raw }] = await client.getMessages(marked(to), [id])
    const { poll, results } = raw.media
    const told = results.results ?? []
    return {
      voters: results.totalVoters,
      counts: told.map((one) => one.voters),
      chosen: told.flatMap((one, place) => (one.chosen ? [place] : [])),
      closed: Boolean(poll.closed),
    }
  },
  async react({ peer: to, id, emoji, big = false }) {
    await client.sendReaction({ chatId: marked(to), message: id, emoji: emoji.length ? emoji : null, big })
  },
  async reactions_to({ peer: to, id }) {
    const [{ raw }] = await client.getMessages(marked(to), [id])
    const results = raw.reactions?.results ?? []
    const chosen = results.filter((one) => one.chosenOrder !== undefined)
    chosen.sort((one, other) => one.chosenOrder - other.chosenOrder)
    return { counts: counted(results), chosen: chosen.map((one) => one.reaction.emoticon) }
  },
  async edit({ peer: to, id, text }) {
    return tell(await client.editMessage({ chatId: marked(to), message: id, text }))
  },
  async delete({ peer: to, ids }) {
    await client.deleteMessagesById(marked(to), ids, { revoke: true })
  },
  async forward({ peer: to, from_peer: from, ids }) {
    const sent = await client.forwardMessagesById({ toChatId: marked(to), fromChatId: marked(from), messages: ids })
    return sent.map(tell)
  },
  async read({ peer: to, max_id: maxId }) {
    await client.readHistory(marked(to), { maxId })
  },
  async typing({ peer: to }) {
    await client.call({ _: 'messages.setTyping', peer: await peer(to), action: { _: 'sendMessageTypingAction' } })
  },
  async history({ peer: to, limit = 100 }) {
    return (await client.getHistory(marked(to), { limit })).map(tell)
  },
  async dialogs() {
    const found = []
    for await (const { raw, peer: with_, unreadCount } of client.iterDialogs()) {
      found.push({ peer: peerOf(raw.peer), top: raw.topMessage, unread: unreadCount, title: with_.displayName })
    }
    return found
  },
  async create_group({ title, users }) {
    const { chat } = await client.createGroup({ title, users })
    return -chat.id
  },
  async rename_group({ chat, title }) {
    await client.setChatTitle(-chat, title)
  },
  async members({ chat }) {
    const full = await client.call({ _: 'messages.getFullChat', chatId: chat })
    return full.fullChat.participants.participants.map((one) => one.userId).sort((a, b) => a - b)
  },
  async found_channel({ title, broadcast = false, about = '' }) {
    const found = broadcast ? client.createChannel : client.createSupergroup
    const chat = await found.call(client, { title, description: about })
    return -chat.id - MARK
  },
  async name_channel({ channel, username }) {
    await client.setChatUsername(-MARK - channel, username)
  },
  async join_channel({ username }) {
    const joined = await client.joinChat(username)
    return -(joined.chat ?? joined).id - MARK
  },
  async leave_channel({ channel }) {
    await client.leaveChat(-MARK - channel)
  },
  async bring_in({ channel, users }) {
    await client.addChatMembers(-MARK - channel, users, {})
  },
  async channel_members({ channel }) {
    const found = await client.getChatMembers(-MARK - channel, { limit: 200 })
    return found.map((member) => member.user.id).sort((a, b) => a - b)
  },
  async about_channel({ channel }) {
    const full = await client.getFullChat(-MARK - channel)
    return { members: full.full.participantsCount, unread: full.full.unreadCount }
  },
  state: async () => client.call({ _: 'updates.getState' }),
  disconnect: () => client.disconnect(),
}

serve(commands, describe)
