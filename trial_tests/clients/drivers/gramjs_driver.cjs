// GramJS (npm telegram) and its fork teleproto: unmodified but for the server's address and key.
// Arguments: the package's name and where it is installed, if not telegram in .test/node.
'use strict'

const { createHash, createPublicKey } = require('node:crypto')
const { writeFile } = require('node:fs/promises')
const { createRequire } = require('node:module')
const { join } = require('node:path')
const { emit, serve } = require('./stdio.cjs')

const [library = 'telegram', directory = '.test/node'] = process.argv.slice(2)
const installed = createRequire(join(process.cwd(), directory, '/'))
const { Api, TelegramClient } = installed(library)
const { Raw } = installed(`${library}/events`)
const { StringSession } = installed(`${library}/sessions`)
const { PromisedNetSockets, PromisedWebSockets } = installed(`${library}/extensions`)
const { _serverKeys } = installed(`${library}/crypto/RSA`)
const connections = installed(`${library}/network/connection`)
const bigInt = installed('big-integer')

const TRANSPORTS = {
  full: connections.ConnectionTCPFull,
  abridged: connections.ConnectionTCPAbridged,
  obfuscated: connections.ConnectionTCPObfuscated,
  websocket: connections.ConnectionTCPObfuscated,
}

let client

function addKey(pem) {
  const { n, e } = createPublicKey(pem).export({ format: 'jwk' })
  const bytes = (text) => Buffer.from(text, 'base64url')
  // A TL string of 256 bytes, then one of 3: what the fingerprint is the SHA-1 of.
  const long = Buffer.concat([Buffer.from([254, 0, 1, 0]), bytes(n)])
  const short = Buffer.concat([Buffer.from([bytes(e).length]), bytes(e)])
  const digest = createHash('sha1').update(Buffer.concat([long, short])).digest()
  const fingerprint = digest.readBigInt64LE(12).toString()
  _serverKeys.set(fingerprint, {
    fingerprint: bigInt(fingerprint),
    n: bigInt(bytes(n).toString('hex'), 16),
    e: Number.parseInt(bytes(e).toString('hex'), 16),
  })
}

const number = (long) => Number(long.toString())
const describe = (error) => `${error.errorMessage ?? error.name}: ${error.message}`

function peerOf(peer) {
  return peer.className === 'PeerUser' ? ['user', number(peer.userId)] : ['chat', number(peer.chatId)]
}

function tell(message) {
  return {
    id: message.id,
    text: message.message ?? '',
    peer: peerOf(message.peerId),
    from: number(message.fromId?.userId ?? message.peerId.userId ?? 0),
    out: Boolean(message.out),
    reply_to: message.replyTo?.replyToMsgId ?? null,
    forwarded: Boolean(message.fwdFrom),
    action: message.action?.className ?? null,
  }
}

const tellUser = (user) => ({ id: number(user.id), first_name: user.firstName, phone: user.phone })

function onUpdate(update) {
  switch (update.className) {
    case 'UpdateShortMessage':
      // GramJS's own event builder makes messages of these; the shape is enough here.
      return emit('new_message', {
        id: update.id,
        text: update.message,
        peer: ['user', number(update.userId)],
        out: Boolean(update.out),
      })
    case 'UpdateNewMessage':
      return emit(update.message.action ? 'service_message' : 'new_message', tell(update.message))
    case 'UpdateEditMessage':
      return emit('edited', tell(update.message))
    case 'UpdateDeleteMessages':
      return emit('deleted', { ids: update.messages })
    case 'UpdateReadHistoryOutbox':
      return emit('read', { max_id: update.maxId, outbox: true })
    case 'UpdateUserTyping':
      return emit('typing', { user: number(update.userId), peer: ['user', number(update.userId)] })
  }
}

async function inputPeer([kind, value]) {
  if (kind === 'self') return new Api.InputPeerSelf()
  if (kind === 'chat') return new Api.InputPeerChat({ chatId: bigInt(value) })
  return client.getInputEntity(new Api.PeerUser({ userId: bigInt(value) }))
}

const inputUser = (user) => inputPeer(['user', user])

const commands = {
  async connect({ host, port, key, transport = 'full' }) {
    addKey(key)
    const session = new StringSession('')
    session.setDC(2, host, 80)
    const options = { connection: TRANSPORTS[transport], connectionRetries: 20, retryDelay: 200, useWSS: false }
    // GramJS takes the address from its session, which cannot even hold a port over 32767, and always port 80 of it.
    class Socket extends (transport === 'websocket' ? PromisedWebSockets : PromisedNetSockets) {
      connect(_port, ...rest) {
        return super.connect(port, ...rest)
      }
    }
    client = new TelegramClient(session, 1, '0'.repeat(32), { ...options, networkSocket: Socket })
    client.setLogLevel('error')
    client.addEventHandler(onUpdate, new Raw({}))
    await client.connect()
    return client.checkAuthorization()
  },
  async sign_in({ phone, code, first_name: firstName }) {
    const { phoneCodeHash } = await client.sendCode({ apiId: 1, apiHash: '0'.repeat(32) }, phone)
    const who = { phoneNumber: phone, phoneCodeHash }
    let answer = await client.invoke(new Api.auth.SignIn({ ...who, phoneCode: code }))
    if (answer.className === 'auth.AuthorizationSignUpRequired') {
      answer = await client.invoke(new Api.auth.SignUp({ ...who, firstName, lastName: '' }))
    }
    await client.invoke(new Api.updates.GetState())
    return tellUser(answer.user)
  },
  me: async () => tellUser(await client.getMe()),
  sign_out: async () => Boolean((await client.invoke(new Api.auth.LogOut())).className),
  async import_contact({ phone, first_name: firstName }) {
    const contact = new Api.InputPhoneContact({ clientId: bigInt(1), phone, firstName, lastName: '' })
    return (await client.invoke(new Api.contacts.ImportContacts({ contacts: [contact] }))).users.map(tellUser)
  },
  async send({ peer, text, reply_to: replyTo }) {
    return tell(await client.sendMessage(await inputPeer(peer), { message: text, replyTo }))
  },
  async send_file({ peer, path, photo = false, caption = '' }) {
    const options = { file: path, caption, forceDocument: !photo, workers: 1 }
    return tell(await client.sendFile(await inputPeer(peer), options))
  },
  async download({ peer, id, path }) {
    const [message] = await client.getMessages(await inputPeer(peer), { ids: [id] })
    // Given a file it returns before the last bytes are in it.
    await writeFile(path, await client.downloadMedia(message))
    return { text: message.message, kind: message.media.className }
  },
  async edit({ peer, id, text }) {
    return tell(await client.editMessage(await inputPeer(peer), { message: id, text }))
  },
  async delete({ peer, ids }) {
    await client.deleteMessages(await inputPeer(peer), ids, { revoke: true })
  },
  async forward({ peer, from_peer: fromPeer, ids }) {
    const sent = await client.forwardMessages(await inputPeer(peer), {
      messages: ids,
      fromPeer: await inputPeer(fromPeer),
    })
    return sent.flat().map(tell)
  },
  async read({ peer, max_id: maxId }) {
    await client.invoke(new Api.messages.ReadHistory({ peer: await inputPeer(peer), maxId }))
  },
  async typing({ peer }) {
    const action = new Api.SendMessageTypingAction()
    await client.invoke(new Api.messages.SetTyping({ peer: await inputPeer(peer), action }))
  },
  async history({ peer, limit = 100 }) {
    return (await client.getMessages(await inputPeer(peer), { limit })).map(tell)
  },
  async dialogs() {
    return (await client.getDialogs({})).map((dialog) => ({
      peer: peerOf(dialog.dialog.peer),
      top: dialog.dialog.topMessage,
      unread: dialog.unreadCount,
      title: dialog.title,
    }))
  },
  async create_group({ title, users }) {
    const answer = await client.invoke(
      new Api.messages.CreateChat({ users: await Promise.all(users.map(inputUser)), title }),
    )
    return number(answer.updates.chats[0].id)
  },
  async rename_group({ chat, title }) {
    await client.invoke(new Api.messages.EditChatTitle({ chatId: bigInt(chat), title }))
  },
  async members({ chat }) {
    const full = await client.invoke(new Api.messages.GetFullChat({ chatId: bigInt(chat) }))
    return full.fullChat.participants.participants.map((one) => number(one.userId)).sort((a, b) => a - b)
  },
  disconnect: () => client.disconnect(),
}

serve(commands, describe)
