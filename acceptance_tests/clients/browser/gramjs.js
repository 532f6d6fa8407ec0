// GramJS in a page, over /apiws; `tools/setup_more_clients.sh` bundles it.
import bigInt from "big-integer";
import { Api, TelegramClient } from "telegram";
import { _serverKeys } from "telegram/crypto/RSA";
import { Raw } from "telegram/events";
import { PromisedWebSockets } from "telegram/extensions";
import { StringSession } from "telegram/sessions";

let client;
const number = (long) => Number(long.toString());
const tell = (message) => ({ id: message.id, text: message.message ?? "", out: Boolean(message.out) });
const tellUser = (user) => ({ id: number(user.id), first_name: user.firstName });
const inputPeer = ([kind, id]) =>
  kind === "chat" ? new Api.InputPeerChat({ chatId: bigInt(id) }) : client.getInputEntity(new Api.PeerUser({ userId: bigInt(id) }));

function onUpdate(update) {
  if (update.className === "UpdateNewMessage") emit(update.message.action ? "service_message" : "new_message", tell(update.message));
  if (update.className === "UpdateShortMessage") emit("new_message", { id: update.id, text: update.message });
  if (update.className === "UpdateEditMessage") emit("edited", tell(update.message));
}

window.commands = {
  async connect({ port, modulus, fingerprint }) {
    _serverKeys.set(fingerprint, { fingerprint: bigInt(fingerprint), n: bigInt(modulus, 16), e: 65537 });
    class Socket extends PromisedWebSockets {
      getWebSocketLink() {
        return `ws://127.0.0.1:${port}/apiws`;
      }
    }
    const session = new StringSession("");
    session.setDC(2, "127.0.0.1", 80);
    client = new TelegramClient(session, 1, "0".repeat(32), { networkSocket: Socket, useWSS: false });
    client.setLogLevel("error");
    client.addEventHandler(onUpdate, new Raw({}));
    await client.connect();
  },
  async sign_in({ phone, code, first_name: firstName }) {
    const { phoneCodeHash } = await client.sendCode({ apiId: 1, apiHash: "0".repeat(32) }, phone);
    const who = { phoneNumber: phone, phoneCodeHash };
    let answer = await client.invoke(new Api.auth.SignIn({ ...who, phoneCode: code }));
    if (answer.className === "auth.AuthorizationSignUpRequired") {
      answer = await client.invoke(new Api.auth.SignUp({ ...who, firstName, lastName: "" }));
    }
    await client.invoke(new Api.updates.GetState());
    return tellUser(answer.user);
  },
  async import_contact({ phone, first_name: firstName }) {
    const contact = new Api.InputPhoneContact({ clientId: bigInt(1), phone, firstName, lastName: "" });
    return (await client.invoke(new Api.contacts.ImportContacts({ contacts: [contact] }))).users.map(tellUser);
  },
  send: async ({ peer, text }) => tell(await client.sendMessage(await inputPeer(peer), { message: text })),
  edit: async ({ peer, id, text }) => tell(await client.editMessage(await inputPeer(peer), { message: id, text })),
  history: async ({ peer }) => (await client.getMessages(await inputPeer(peer), { limit: 100 })).map(tell),
};
