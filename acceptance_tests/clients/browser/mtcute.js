// mtcute in a page, over /apiws; `tools/setup_more_clients.sh` bundles it.
import { addPublicKey } from "@mtcute/core/utils.js";
import { MemoryStorage, TelegramClient, WebCryptoProvider, WebSocketTransport } from "@mtcute/web";
import Long from "long";

let client;
const tell = ({ raw }) => tellRaw(raw);
const tellRaw = (raw) => ({ id: raw.id, text: raw.message ?? "", out: Boolean(raw.out) });
const tellUser = (user) => ({ id: user.id, first_name: user.firstName });
const marked = ([kind, id]) => (kind === "chat" ? -id : id);

function onUpdate({ update }) {
  if (update._ === "updateNewMessage") emit(update.message.action ? "service_message" : "new_message", tellRaw(update.message));
  if (update._ === "updateEditMessage") emit("edited", tellRaw(update.message));
}

window.commands = {
  async connect({ port, key, pfs = false }) {
    const crypto = new WebCryptoProvider({ wasmInput: await fetch("/mtcute.wasm") });
    await crypto.initialize();
    crypto.initialize = async () => {}; // it is there now, and a response can be read but once
    addPublicKey(crypto, key);
    class Socket extends WebSocket {
      constructor(_url, protocols) {
        super(`ws://127.0.0.1:${port}/apiws`, protocols);
      }
    }
    client = new TelegramClient({
      apiId: 1,
      apiHash: "0".repeat(32),
      storage: new MemoryStorage(),
      crypto,
      transport: new WebSocketTransport({ ws: Socket }),
      network: { usePfs: pfs },
      logLevel: 1,
    });
    client.onRawUpdate.add(onUpdate);
    await client.connect();
  },
  async sign_in({ phone, code, first_name: firstName }) {
    const { phoneCodeHash } = await client.sendCode({ phone });
    const who = { phoneNumber: phone, phoneCodeHash };
    let answer = await client.call({ _: "auth.signIn", ...who, phoneCode: code });
    if (answer._ === "auth.authorizationSignUpRequired") {
      answer = await client.call({ _: "auth.signUp", ...who, firstName, lastName: "" });
    }
    await client.notifyLoggedIn(answer);
    await client.startUpdatesLoop();
    return tellUser(await client.getMe());
  },
  async import_contact({ phone, first_name: firstName }) {
    const contact = { _: "inputPhoneContact", clientId: Long.ONE, phone, firstName, lastName: "" };
    return (await client.call({ _: "contacts.importContacts", contacts: [contact] })).users.map(tellUser);
  },
  send: async ({ peer, text }) => tell(await client.sendText(marked(peer), text)),
  edit: async ({ peer, id, text }) => tell(await client.editMessage({ chatId: marked(peer), message: id, text })),
  history: async ({ peer }) => (await client.getHistory(marked(peer), { limit: 100 })).map(tell),
};
