"""Pyrogram 2.0.106 and kurigram: unmodified but for the server's address and key."""

import asyncio
import hashlib
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pyrogram
from pyrogram import Client, handlers, raw
from pyrogram.connection import connection
from pyrogram.connection import transport as transports
from pyrogram.crypto import rsa
from pyrogram_channels import MARK, Channels
from pyrogram_opinions import Opinions
from stdio import Driver

KURIGRAM = not hasattr(connection, "DataCenter")


def read_public_key(pem):
    """(modulus, exponent) of a PKCS#1 PEM, with the standard library alone."""
    import base64

    der = base64.b64decode("".join(line for line in pem.splitlines() if "-" not in line))

    def length(at):
        first = der[at]
        if first < 0x80:
            return first, at + 1
        size = first & 0x7F
        return int.from_bytes(der[at + 1 : at + 1 + size], "big"), at + 1 + size

    _, at = length(1)
    size, at = length(at + 1)
    modulus = int.from_bytes(der[at : at + size], "big")
    size, at = length(at + size + 1)
    return modulus, int.from_bytes(der[at : at + size], "big")


class Pyrogram(Channels, Opinions, Driver):
    client = None

    def describe(self, error):
        name = re.search(r"\b([A-Z0-9]+_[A-Z0-9_]+)\b", str(error))
        return f"{name.group(1) if name else type(error).__name__}: {error}"

    # --- the connection -------------------------------------------------

    async def do_connect(self, host, port, key, fingerprint, session="", transport="abridged", catch_up=False):
        rsa.server_public_keys[fingerprint] = rsa.PublicKey(*read_public_key(key))
        path = Path(session) if session else None
        options = {"in_memory": path is None, "workdir": str(path.parent) if path else "."}
        if KURIGRAM:
            names = {"abridged": "TCPAbridged", "full": "TCPFull", "intermediate": "TCPIntermediate"}
            names |= {"obfuscated": "TCPAbridgedO", "intermediate_o": "TCPIntermediateO"}
            names |= {"padded": "TCPIntermediatePadded"}
            options["protocol_factory"] = getattr(transports, names[transport])
            options["skip_updates"] = not catch_up
        else:
            connection.DataCenter = lambda *_: (host, port)
        self.client = Client(path.name if path else "memory", api_id=1, api_hash="0" * 32, sleep_threshold=0, **options)
        if KURIGRAM:
            self._point_to(host, port)
        self._listen()
        if catch_up and path.with_suffix(".session").exists():
            await self.client.start()
            return True
        return await self.client.connect()

    def _point_to(self, host, port):
        storage = type(self.client.storage)

        async def server_address(_self, *_value):
            return host

        async def server_port(_self, *_value):
            return port

        storage.server_address = server_address
        storage.port = server_port

    async def do_start(self):
        """What Client.start does after sign-in."""
        state = await self.client.invoke(raw.functions.updates.GetState())
        if not getattr(self.client, "skip_updates", True):
            first = pyrogram.storage.UpdateState(0, state.pts, state.qts, state.date, state.seq)
            await self.client.storage.set_update_state(first)
        self.client.me = await self.client.get_me()
        await self.client.initialize()

    async def do_disconnect(self):
        if self.client.is_initialized:
            await self.client.terminate()
        await self.client.disconnect()

    def _listen(self):
        add = self.client.add_handler
        add(handlers.MessageHandler(self._on_new))
        add(handlers.EditedMessageHandler(self._on_edit))
        add(handlers.DeletedMessagesHandler(self._on_delete))
        add(handlers.RawUpdateHandler(self._on_raw), group=1)

    async def _on_new(self, _client, message):
        self.emit("service_message" if message.service else "new_message", **self._message(message))

    async def _on_edit(self, _client, message):
        self.emit("edited", **self._message(message))

    async def _on_delete(self, _client, messages):
        self.emit("deleted", ids=[message.id for message in messages])

    async def _on_raw(self, _client, update, _users, _chats):
        name = type(update).__name__
        self._on_channel(name, update)
        if name == "UpdateUserTyping":
            self.emit("typing", user=update.user_id, peer=["user", update.user_id])
        elif name == "UpdateChatUserTyping":
            self.emit("typing", user=update.from_id.user_id, peer=["chat", update.chat_id])
        elif name == "UpdatePinnedMessages":
            self.emit("pinned", ids=list(update.messages), pinned=bool(update.pinned))
        elif name == "UpdateUserName":
            self.emit("user_name", user=update.user_id, first_name=update.first_name)
        elif name in ("UpdateReadHistoryOutbox", "UpdateReadHistoryInbox"):
            self.emit("read", max_id=update.max_id, outbox=name.endswith("Outbox"))
        elif name == "UpdateMessageReactions":
            counts = {one.reaction.emoticon: one.count for one in update.reactions.results}
            self.emit("reactions", id=update.msg_id, counts=counts)
        elif name == "UpdateMessagePoll":
            self.emit("poll", voters=update.results.total_voters)
        elif name == "UpdateUserStatus":
            self.emit("status", user=update.user_id, online=type(update.status).__name__ == "UserStatusOnline")

    # --- accounts -------------------------------------------------------

    async def do_sign_in(self, phone, code, first_name=None):
        send = self.client.send_phone_number_code if KURIGRAM else self.client.send_code
        sent = await send(phone)
        signed = await self.client.sign_in(phone, sent.phone_code_hash, code)
        if isinstance(signed, pyrogram.types.TermsOfService) or signed is False:
            signed = await self.client.sign_up(phone, sent.phone_code_hash, first_name)
        await self.do_start()
        return {"id": signed.id, "first_name": signed.first_name, "phone": signed.phone_number}

    async def do_sign_out(self):
        return bool(await self.client.log_out())

    async def do_auth_key(self):
        """Which key it has, without telling it."""
        return hashlib.sha256(await self.client.storage.auth_key()).hexdigest()

    async def do_me(self):
        return self._user(await self.client.get_me())

    async def do_set_name(self, first_name, about=None):
        await self.client.update_profile(first_name=first_name, bio=about)
        return await self.do_me()

    async def do_set_username(self, username):
        await self.client.set_username(username)
        return await self.do_me()

    async def do_id_in(self, dc):
        """Who one is in another data centre, over the session and the key that files from there come by."""
        session = await self.client.get_session(dc)
        [user] = await session.invoke(raw.functions.users.GetUsers(id=[raw.types.InputUserSelf()]))
        return user.id

    async def do_sessions(self):
        found = await self.client.invoke(raw.functions.account.GetAuthorizations())
        return [{"hash": a.hash, "current": bool(a.current), "device": a.device_model} for a in found.authorizations]

    async def do_end_session(self, hash):
        return await self.client.invoke(raw.functions.account.ResetAuthorization(hash=hash))

    # --- people ---------------------------------------------------------

    async def do_import_contact(self, phone, first_name):
        contact = pyrogram.types.InputPhoneContact(phone, first_name)
        done = await self.client.import_contacts([contact])
        return [self._raw_user(user) for user in done.users]

    async def do_resolve(self, username):
        return self._user(await self.client.get_users(username))

    async def do_full_user(self, user):
        chat = await self.client.get_chat(user)
        return {"about": chat.bio, "user": {"id": chat.id, "first_name": chat.first_name}}

    # --- messages -------------------------------------------------------

    def _chat(self, peer):
        kind, value = peer if len(peer) == 2 else (peer[0], None)
        if kind == "channel":
            return -MARK - value
        return -value if kind == "chat" else "me" if kind == "self" else value

    async def do_send_file(self, peer, path, photo=False, caption=""):
        send = self.client.send_photo if photo else self.client.send_document
        return self._message(await send(self._chat(peer), path, caption=caption))

    async def do_set_photo(self, path, group=0):
        if group:
            await self.client.set_chat_photo(-group, photo=path)
        else:
            await self.client.set_profile_photo(photo=path)

    async def do_get_photo(self, peer, path):
        chat = await self.client.get_chat(self._chat(peer))
        await self.client.download_media(chat.photo.big_file_id, file_name=path)

    async def do_edit_media(self, peer, id, path, caption):
        media = pyrogram.types.InputMediaDocument(path, caption=caption)
        await self.client.edit_message_media(self._chat(peer), id, media)

    async def do_download(self, peer, id, path):
        """What a message carries, and its caption."""
        message = await self.client.get_messages(self._chat(peer), id)
        await self.client.download_media(message, file_name=path)
        return {"text": message.caption or "", "kind": "photo" if message.photo else "document"}

    async def do_send(self, peer, text, reply_to=None, silent=None):
        reply = {}
        if reply_to is not None:
            reply = (
                {"reply_parameters": pyrogram.types.ReplyParameters(message_id=reply_to)}
                if KURIGRAM
                else {"reply_to_message_id": reply_to}
            )
        return self._message(
            await self.client.send_message(self._chat(peer), text, disable_notification=silent, **reply)
        )

    async def do_edit(self, peer, id, text):
        return self._message(await self.client.edit_message_text(self._chat(peer), id, text))

    async def do_delete(self, peer, ids, revoke=True):
        await self.client.delete_messages(self._chat(peer), ids, revoke=revoke)

    async def do_forward(self, peer, from_peer, ids):
        sent = await self.client.forward_messages(self._chat(peer), self._chat(from_peer), ids)
        return [self._message(message) for message in sent]

    async def do_read(self, peer, max_id):
        await self.client.read_chat_history(self._chat(peer), max_id)

    async def do_typing(self, peer):
        await self.client.send_chat_action(self._chat(peer), pyrogram.enums.ChatAction.TYPING)

    async def do_pin(self, peer, id):
        await self.client.pin_chat_message(self._chat(peer), id, both_sides=True)

    async def do_history(self, peer, limit=100):
        return [self._message(m) async for m in self.client.get_chat_history(self._chat(peer), limit=limit)]

    async def do_search(self, peer, text):
        return [self._message(m) async for m in self.client.search_messages(self._chat(peer), text, limit=50)]

    async def do_dialogs(self):
        return [
            {
                "peer": self._peer_of(dialog.chat.id),
                "top": dialog.top_message.id if dialog.top_message else 0,
                "unread": dialog.unread_messages_count,
                "title": dialog.chat.title or dialog.chat.first_name,
            }
            async for dialog in self.client.get_dialogs()
        ]

    # --- groups ---------------------------------------------------------

    async def do_create_group(self, title, users):
        return -(await self.client.create_group(title, users)).id

    async def do_rename_group(self, chat, title):
        await self.client.set_chat_title(-chat, title)

    async def do_add_member(self, chat, user):
        await self.client.add_chat_members(-chat, user)

    async def do_remove_member(self, chat, user):
        await self.client.ban_chat_member(-chat, user)

    async def do_leave(self, chat):
        await self.client.leave_chat(-chat)

    async def do_members(self, chat):
        return sorted([member.user.id async for member in self.client.get_chat_members(-chat)])

    # --- updates --------------------------------------------------------

    async def do_state(self):
        state = await self.client.invoke(raw.functions.updates.GetState())
        return {"pts": state.pts, "qts": state.qts, "date": state.date, "seq": state.seq}

    # --- shapes ---------------------------------------------------------

    def _user(self, user):
        return {
            "id": user.id,
            "first_name": user.first_name,
            "phone": user.phone_number,
            "username": user.username,
            "contact": bool(user.is_contact),
        }

    def _raw_user(self, user):
        return {"id": user.id, "first_name": user.first_name, "phone": user.phone, "username": user.username}

    def _peer_of(self, chat_id):
        if chat_id < -MARK:
            return ["channel", -chat_id - MARK]
        return ["user", chat_id] if chat_id > 0 else ["chat", -chat_id]

    def _message(self, message):
        forward = getattr(message, "forward_origin", None) or getattr(message, "forward_date", None)
        return {
            "id": message.id,
            "text": str(message.text or ""),
            "peer": self._peer_of(message.chat.id) if message.chat else None,
            "from": message.from_user.id if message.from_user else None,
            "out": bool(message.outgoing),
            "reply_to": getattr(message, "reply_to_message_id", None),
            "forwarded": forward is not None,
            "action": message.service.name if message.service else None,
        }


if __name__ == "__main__":
    driver = Pyrogram()
    asyncio.get_event_loop_policy().get_event_loop().run_until_complete(driver.run())
