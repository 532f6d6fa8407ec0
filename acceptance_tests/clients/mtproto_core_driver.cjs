// @mtproto/core: unmodified but for the server's address and key. It is the raw API and nothing else.
'use strict'

const { createPublicKey } = require('node:crypto')
const { mkdtempSync, readFileSync } = require('node:fs')
const Module = require('node:module')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { emit, serve } = require('../../trial_tests/clients/drivers/stdio.cjs')

const installed = Module.createRequire(join(process.cwd(), '.test/more-npm/'))
// Its keys are a constant of one module and no option: that module's text is changed while it is loaded.
const keys = installed.resolve('@mtproto/core/src/utils/rsa/index.js')

function load(pem) {
  const modulus = Buffer.from(createPublicKey(pem).export({ format: 'jwk' }).n, 'base64url').toString('hex')
  const read = Module._extensions['.js']
  Module._extensions['.js'] = (module, file) => {
    if (file !== keys) return read(module, file)
    module._compile(readFileSync(file, 'utf8').replace(/modulus:\s*'[0-9a-f]+'/, `modulus: '${modulus}'`), file)
  }
  return installed('@mtproto/core/envs/node')
}

let client
const hashes = new Map()
const describe = (error) => `${error.error_message ?? error.name}: ${error.message ?? error.error_code}`
const randomId = () => Math.floor(Math.random() * 2 ** 52)
const peerOf = (peer) => (peer._ === 'peerUser' ? ['user', Number(peer.user_id)] : ['chat', Number(peer.chat_id)])
const tellUser = (user) => ({ id: Number(user.id), first_name: user.first_name, phone: user.phone })

function tell(message) {
  return {
    id: message.id,
    text: message.message ?? '',
    peer: peerOf(message.peer_id),
    from: Number(message.from_id?.user_id ?? message.peer_id.user_id ?? 0),
    out: Boolean(message.out),
    reply_to: message.reply_to?.reply_to_msg_id ?? null,
    forwarded: Boolean(message.fwd_from),
    action: message.action?._ ?? null,
  }
}

function onUpdate(update) {
  switch (update._) {
    case 'updateNewMessage':
      return emit(update.message.action ? 'service_message' : 'new_message', tell(update.message))
    case 'updateEditMessage':
      return emit('edited', tell(update.message))
    case 'updateDeleteMessages':
      return emit('deleted', { ids: update.messages })
    case 'updateReadHistoryOutbox':
      return emit('read', { max_id: update.max_id, outbox: true })
    case 'updateUserTyping':
      return emit('typing', { user: Number(update.user_id), peer: ['user', Number(update.user_id)] })
  }
}

const inputUser = (id) => ({ _: 'inputUser', user_id: id, access_hash: hashes.get(id) })

function inputPeer([kind, id]) {
  if (kind === 'self') return { _: 'inputPeerSelf' }
  if (kind === 'chat') return { _: 'inputPeerChat', chat_id: id }
  return { ...inputUser(id), _: 'inputPeerUser' }
}

const remember = (users) => users.forEach((user) => hashes.set(Number(user.id), user.access_hash))

function sent(answer) {
  const update = answer.updates?.find(({ message }) => message?._)
  return update ? tell(update.message) : answer
}

const commands = {
  async connect({ host, port, key, session }) {
    const Client = load(key)
    const path = session ? `${session}.json` : join(mkdtempSync(join(tmpdir(), 'mtproto-core-')), 'session.json')
    client = new Client({ api_id: 1, api_hash: '0'.repeat(32), storageOptions: { path } })
    client.dcList = [{ id: 2, ip: host, port }]
    client.updates.on('updateShort', ({ update }) => onUpdate(update))
    client.updates.on('updates', ({ users, updates }) => {
      remember(users)
      updates.forEach(onUpdate)
    })
    await client.call('help.getConfig')
  },
  async sign_in({ phone, code, first_name }) {
    const who = { phone_number: phone }
    const { phone_code_hash } = await client.call('auth.sendCode', { ...who, settings: { _: 'codeSettings' } })
    let answer = await client.call('auth.signIn', { ...who, phone_code_hash, phone_code: code })
    if (answer._ === 'auth.authorizationSignUpRequired') {
      answer = await client.call('auth.signUp', { ...who, phone_code_hash, first_name, last_name: '' })
    }
    return tellUser(answer.user)
  },
  me: async () => tellUser((await client.call('users.getUsers', { id: [{ _: 'inputUserSelf' }] }))[0]),
  async import_contact({ phone, first_name }) {
    const contact = { _: 'inputPhoneContact', client_id: 1, phone, first_name, last_name: '' }
    const { users } = await client.call('contacts.importContacts', { contacts: [contact] })
    remember(users)
    return users.map(tellUser)
  },
  async send({ peer, text, reply_to }) {
    const message = { peer: inputPeer(peer), message: text, random_id: randomId() }
    if (reply_to) message.reply_to_msg_id = reply_to
    return sent(await client.call('messages.sendMessage', message))
  },
  async edit({ peer, id, text }) {
    return sent(await client.call('messages.editMessage', { peer: inputPeer(peer), id, message: text }))
  },
  async delete({ ids }) {
    await client.call('messages.deleteMessages', { revoke: true, id: ids })
  },
  async forward({ peer, from_peer, ids }) {
    const to = { from_peer: inputPeer(from_peer), to_peer: inputPeer(peer), id: ids, random_id: ids.map(randomId) }
    return [sent(await client.call('messages.forwardMessages', to))]
  },
  async read({ peer, max_id }) {
    await client.call('messages.readHistory', { peer: inputPeer(peer), max_id })
  },
  async typing({ peer }) {
    await client.call('messages.setTyping', { peer: inputPeer(peer), action: { _: 'sendMessageTypingAction' } })
  },
  async history({ peer, limit = 100 }) {
    return (await client.call('messages.getHistory', { peer: inputPeer(peer), limit })).messages.map(tell)
  },
  async dialogs() {
    const found = await client.call('messages.getDialogs', { offset_peer: { _: 'inputPeerEmpty' }, limit: 100 })
    const titles = new Map(found.chats.map((chat) => [Number(chat.id), chat.title]))
    return found.dialogs.map((dialog) => ({
      peer: peerOf(dialog.peer),
      top: dialog.top_message,
      unread: dialog.unread_count,
      title: titles.get(peerOf(dialog.peer)[1]) ?? null,
    }))
  },
  async create_group({ title, users }) {
    return Number((await client.call('messages.createChat', { users: users.map(inputUser), title })).chats[0].id)
  },
  async rename_group({ chat, title }) {
    await client.call('messages.editChatTitle', { chat_id: chat, title })
  },
  async members({ chat }) {
    const full = await client.call('messages.getFullChat', { chat_id: chat })
    return full.full_chat.participants.participants.map((one) => Number(one.user_id)).sort((a, b) => a - b)
  },
  state: () => client.call('updates.getState'),
}

serve(commands, describe)
