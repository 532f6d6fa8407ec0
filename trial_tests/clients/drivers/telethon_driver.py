"""Telethon, any version: unmodified but for the server's address and key."""

import asyncio
import datetime
import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from stdio import Driver
from telethon import TelegramClient, events, functions, types, utils
from telethon.crypto import rsa
from telethon.network import connection
from telethon.network.connection import http, tcpobfuscated
from telethon_channels import Channels
from telethon_opinions import Opinions


class HttpCodec(http.HttpPacketCodec):
    """Telethon's own, which compares a line's last byte, a number in Python 3, with a string and gives up at once."""

    async def read_packet(self, reader):
        while line := await reader.readline():
            if line.lower().startswith(b"content-length: "):
                await reader.readexactly(2)
                return await reader.readexactly(int(line[16:-2]))
        raise asyncio.IncompleteReadError(b"", None)


class ConnectionHttp(connection.ConnectionHttp):
    packet_codec = HttpCodec


TRANSPORTS = {
    "full": connection.ConnectionTcpFull,
    "abridged": connection.ConnectionTcpAbridged,
    "intermediate": connection.ConnectionTcpIntermediate,
    "obfuscated": tcpobfuscated.ConnectionTcpObfuscated,
    "http": ConnectionHttp,
}


class Telethon(Channels, Opinions, Driver):
    client = None

    def describe(self, error):
        name = getattr(error, "message", None)
        if name and getattr(error, "seconds", None) is not None:
            name = f"{name} {error.seconds}"
        return f"{name or type(error).__name__}: {error}"

    # --- the connection -------------------------------------------------

    async def do_connect(self, host, port, key, session="", transport="full", catch_up=False):
        rsa.add_key(key, old=False)
        self.client = TelegramClient(
            session or None,
            1,
            "0" * 32,
            connection=TRANSPORTS[transport],
            catch_up=catch_up,
            connection_retries=60,
            retry_delay=0.2,
            request_retries=5,
            flood_sleep_threshold=0,
            receive_updates=True,
        )
        if self.client.session.server_address != host or self.client.session.port != port:
            self.client.session.set_dc(2, host, port)
        self._listen()
        await self.client.connect()
        return await self.client.is_user_authorized()

    async def do_disconnect(self):
        await self.client.disconnect()

    def _listen(self):
        self._listen_to_opinions()
        self._listen_to_channels()
        add = self.client.add_event_handler
        add(self._on_new, events.NewMessage)
        add(self._on_action, events.Raw(types.UpdateNewMessage))
        add(self._on_edit, events.MessageEdited)
        add(self._on_delete, events.MessageDeleted)
        add(self._on_read, events.MessageRead(inbox=False))
        add(self._on_read, events.MessageRead(inbox=True))
        add(
            self._on_raw,
            events.Raw(
                (
                    types.UpdateUserTyping,
                    types.UpdateChatUserTyping,
                    types.UpdatePinnedMessages,
                    types.UpdateUserName,
                    types.UpdateUserStatus,
                )
            ),
        )

    async def _on_new(self, event):
        self.emit("new_message", **self._message(event.message))

    async def _on_action(self, update):
        if isinstance(update.message, types.MessageService):
            self.emit("service_message", **self._message(update.message))

    async def _on_edit(self, event):
        self.emit("edited", **self._message(event.message))

    async def _on_delete(self, event):
        self.emit("deleted", ids=list(event.deleted_ids))

    async def _on_read(self, event):
        self.emit("read", max_id=event.max_id, outbox=event.outbox)

    async def _on_raw(self, update):
        name = type(update).__name__
        if name == "UpdateUserTyping":
            self.emit("typing", user=update.user_id, peer=["user", update.user_id])
        elif name == "UpdateChatUserTyping":
            self.emit("typing", user=update.from_id.user_id, peer=["chat", update.chat_id])
        elif name == "UpdatePinnedMessages":
            self.emit("pinned", ids=list(update.messages), pinned=bool(update.pinned))
        elif name == "UpdateUserName":
            self.emit("user_name", user=update.user_id, first_name=update.first_name)
        else:
            self.emit("status", user=update.user_id, online=isinstance(update.status, types.UserStatusOnline))

    # --- accounts -------------------------------------------------------

    async def do_sign_in(self, phone, code, first_name=None):
        sent = await self.client.send_code_request(phone)
        try:
            user = await self.client.sign_in(phone, code, phone_code_hash=sent.phone_code_hash)
        except Exception as error:
            # Telethon 1.45 has no sign-up of its own any more: the raw method is what is left.
            if first_name is None or "unoccupied" not in str(type(error).__name__).lower():
                raise
            answer = await self.client(
                functions.auth.SignUpRequest(phone, sent.phone_code_hash, first_name=first_name, last_name="")
            )
            user = await self.client._on_login(answer.user)
        return {"id": user.id, "first_name": user.first_name, "phone": user.phone}

    async def do_accept_login(self, token):
        """What another app shows as a QR code, in hexadecimal."""
        await self.client(functions.auth.AcceptLoginTokenRequest(bytes.fromhex(token)))

    async def do_sign_out(self):
        return bool(await self.client.log_out())

    async def do_auth_key(self):
        """Which key it has, without telling it."""
        return hashlib.sha256(self.client.session.auth_key.key).hexdigest()

    async def do_me(self):
        user = await self.client.get_me()
        return None if user is None else self._user(user)

    async def do_set_name(self, first_name, about=None):
        user = await self.client(functions.account.UpdateProfileRequest(first_name=first_name, about=about))
        return self._user(user)

    async def do_set_username(self, username):
        return self._user(await self.client(functions.account.UpdateUsernameRequest(username)))

    async def do_id_in(self, dc):
        """Who one is in another data centre, over the connection and the key that files from there come by."""
        sender = await self.client._borrow_exported_sender(dc)
        try:
            [user] = await sender.send(functions.users.GetUsersRequest([types.InputUserSelf()]))
        finally:
            await self.client._return_exported_sender(sender)
        return user.id

    async def do_sessions(self):
        found = await self.client(functions.account.GetAuthorizationsRequest())
        return [{"hash": a.hash, "current": bool(a.current), "device": a.device_model} for a in found.authorizations]

    async def do_jump_clock(self, seconds):
        """What the machine's clock does that is set anew in mid-session."""
        self.client._sender._state.time_offset += seconds

    async def do_end_session(self, hash):
        return await self.client(functions.account.ResetAuthorizationRequest(hash))

    # --- people ---------------------------------------------------------

    async def do_import_contact(self, phone, first_name):
        contact = types.InputPhoneContact(client_id=1, phone=phone, first_name=first_name, last_name="")
        done = await self.client(functions.contacts.ImportContactsRequest([contact]))
        return [self._user(user) for user in done.users]

    async def do_resolve(self, username):
        return self._user(await self.client.get_entity(username))

    async def do_full_user(self, user):
        full = await self.client(functions.users.GetFullUserRequest(await self.client.get_input_entity(user)))
        return {"about": full.full_user.about, "user": self._user(full.users[0])}

    async def do_bot_commands(self, user):
        full = await self.client(functions.users.GetFullUserRequest(await self.client.get_input_entity(user)))
        return [each.command for each in full.full_user.bot_info.commands]

    # --- messages -------------------------------------------------------

    async def _peer(self, peer):
        kind, value = peer
        if kind == "chat":
            return types.InputPeerChat(value)
        if kind == "self":
            return types.InputPeerSelf()
        if kind == "channel":
            return await self.client.get_input_entity(types.PeerChannel(value))
        return await self.client.get_input_entity(value)

    async def do_send(self, peer, text, reply_to=None, silent=None):
        sent = await self.client.send_message(await self._peer(peer), text, reply_to=reply_to, silent=silent)
        return self._message(sent)

    async def do_schedule(self, peer, text, date):
        """The id under which it waits; ``date``: unix seconds."""
        when = datetime.datetime.fromtimestamp(date, datetime.UTC)
        return (await self.client.send_message(await self._peer(peer), text, schedule=when)).id

    async def do_scheduled(self, peer):
        found = await self.client.get_messages(await self._peer(peer), scheduled=True)
        return [{"id": message.id, "text": message.message} for message in found]

    async def do_delete_scheduled(self, peer, ids):
        request = functions.messages.DeleteScheduledMessagesRequest(await self._peer(peer), ids)
        await self.client(request)

    async def do_take_out(self, numbers):
        """What an export has: the dialogs' names, my messages to myself, and the numbers that are nobody's."""
        book = [
            types.InputPhoneContact(client_id=i, phone=one, first_name="Nobody", last_name="")
            for i, one in enumerate(numbers)
        ]
        await self.client(functions.contacts.ImportContactsRequest(book))
        async with self.client.takeout(contacts=True, users=True) as takeout:
            dialogs = [dialog.name async for dialog in takeout.iter_dialogs()]
            notes = [message.message async for message in takeout.iter_messages("me")]
            saved = await takeout(functions.contacts.GetSavedRequest())
        return {"dialogs": dialogs, "notes": notes, "phones": [one.phone for one in saved]}

    async def do_send_file(self, peer, path, photo=False, caption="", **more):
        """``more``: ``voice_note`` or ``ttl`` (seconds)."""
        to = await self._peer(peer)
        plain = not photo and not more.get("voice_note")
        return self._message(await self.client.send_file(to, path, force_document=plain, caption=caption, **more))

    async def do_edit_media(self, peer, id, path, caption):
        """A file in the place of what a message carries."""
        await self.client.edit_message(await self._peer(peer), id, caption, file=path, force_document=True)

    async def do_media(self, peer, id):
        """Whether what a message carries is still to be played, how long it lives, and whether it is over."""
        message = await self.client.get_messages(await self._peer(peer), ids=id)
        over = not (getattr(message.media, "photo", None) or getattr(message.media, "document", None))
        grouped = message.grouped_id
        return {"unread": message.media_unread, "ttl": message.media.ttl_seconds, "over": over, "grouped": grouped}

    async def do_send_album(self, peer, paths):
        return [self._message(sent) for sent in await self.client.send_file(await self._peer(peer), paths)]

    async def do_send_voice(self, peer, path, seconds, waveform):
        """``waveform``: numbers of 5 bits, as loud as it is."""
        shape = utils.encode_waveform(bytes(waveform))
        said = [types.DocumentAttributeAudio(seconds, voice=True, waveform=shape)]
        sent = await self.client.send_file(await self._peer(peer), path, voice_note=True, attributes=said)
        return self._message(sent)

    async def do_send_place(self, peer, latitude, longitude):
        point = types.InputMediaGeoPoint(types.InputGeoPoint(latitude, longitude))
        return self._message(await self.client.send_file(await self._peer(peer), point))

    async def do_send_contact(self, peer, phone, first_name):
        card = types.InputMediaContact(phone, first_name, "", "")
        return self._message(await self.client.send_file(await self._peer(peer), card))

    async def do_throw(self, peer, emoji):
        return self._message(await self.client.send_file(await self._peer(peer), types.InputMediaDice(emoji)))

    async def do_set_photo(self, path, group=0):
        """The user's own photo, or a group's."""
        file = await self.client.upload_file(path)
        if group:
            photo = types.InputChatUploadedPhoto(file=file)
            await self.client(functions.messages.EditChatPhotoRequest(group, photo))
        else:
            await self.client(functions.photos.UploadProfilePhotoRequest(file=file))

    async def do_get_photo(self, peer, path):
        await self.client.download_profile_photo(await self._peer(peer), file=path)

    async def do_download(self, peer, id, path):
        """What a message carries, and its caption."""
        message = await self.client.get_messages(await self._peer(peer), ids=id)
        await message.download_media(file=path)
        return {"text": message.message, "kind": type(message.media).__name__, "grouped_id": message.grouped_id}

    # --- stickers -------------------------------------------------------

    async def do_make_set(self, short_name, title, stickers):
        """A sticker set of files: [path, MIME type, emoji] each."""
        items = []
        for path, mime_type, emoji in stickers:
            media = types.InputMediaUploadedDocument(await self.client.upload_file(path), mime_type, [])
            told = await self.client(functions.messages.UploadMediaRequest("me", media))
            items.append(types.InputStickerSetItem(document=self._input(told.document), emoji=emoji))
        request = functions.stickers.CreateStickerSetRequest("me", title, short_name, items)
        return self._set(await self.client(request))

    async def do_get_set(self, short_name):
        named = types.InputStickerSetShortName(short_name)
        return self._set(await self.client(functions.messages.GetStickerSetRequest(named, 0)))

    async def do_install_set(self, short_name):
        named = types.InputStickerSetShortName(short_name)
        await self.client(functions.messages.InstallStickerSetRequest(named, archived=False))
        return [one.short_name for one in (await self.client(functions.messages.GetAllStickersRequest(0))).sets]

    async def do_send_sticker(self, peer, short_name, number=0):
        named = types.InputStickerSetShortName(short_name)
        found = await self.client(functions.messages.GetStickerSetRequest(named, 0))
        return self._message(await self.client.send_file(await self._peer(peer), found.documents[number]))

    async def do_set_of(self, peer, id):
        """The set that a message's sticker is of, and the sticker's emoji."""
        message = await self.client.get_messages(await self._peer(peer), ids=id)
        said = next(one for one in message.document.attributes if isinstance(one, types.DocumentAttributeSticker))
        found = await self.client(functions.messages.GetStickerSetRequest(said.stickerset, 0))
        return {**self._set(found), "alt": said.alt}

    def _input(self, document):
        return types.InputDocument(document.id, document.access_hash, document.file_reference)

    def _set(self, told):
        return {
            "short_name": told.set.short_name,
            "title": told.set.title,
            "mime_types": [document.mime_type for document in told.documents],
            "emoji": [pack.emoticon for pack in told.packs],
        }

    async def do_pieces(self, peer, id, size, limit):
        """SHA-256 of what a message carries, asked for in pieces of ``limit`` bytes, four at a time."""
        message = await self.client.get_messages(await self._peer(peer), ids=id)
        file = message.document
        where = types.InputDocumentFileLocation(file.id, file.access_hash, file.file_reference, "")
        ask = functions.upload.GetFileRequest
        offsets, whole = range(0, size, limit), hashlib.sha256()
        for first in range(0, len(offsets), 4):
            some = [self.client(ask(where, offset, limit)) for offset in offsets[first : first + 4]]
            for piece in await asyncio.gather(*some):
                whole.update(piece.bytes)
        return whole.hexdigest()

    async def do_press(self, peer, id, data):
        request = functions.messages.GetBotCallbackAnswerRequest(await self._peer(peer), id, data=data.encode())
        return (await self.client(request)).message

    async def do_keyboard(self, peer, id):
        """The words on the keyboard that came with a message."""
        message = await self.client.get_messages(await self._peer(peer), ids=id)
        return [[button.text for button in row.buttons] for row in message.reply_markup.rows]

    async def do_entities(self, peer, id):
        message = await self.client.get_messages(await self._peer(peer), ids=id)
        return [
            [type(one).__name__, one.offset, one.length, getattr(one, "url", getattr(one, "language", ""))]
            for one in message.entities or ()
        ]

    async def do_ask_inline(self, bot, text, peer):
        """Ask a bot from a chat and send the first of what it offers; the titles of all."""
        entity = await self._peer(peer)
        found = await self.client.inline_query(await self._peer(["user", bot]), text, entity=entity)
        await found[0].click(entity)
        return [one.title for one in found]

    async def do_bot_sign_in(self, token):
        await self.client.sign_in(bot_token=token)
        return self._user(await self.client.get_me())

    async def do_send_raw(self, peer, text, random_id):
        """With a chosen random_id: the same one twice must make one message."""
        await self.client(functions.messages.SendMessageRequest(await self._peer(peer), text, random_id=random_id))

    async def do_send_many(self, peer, messages, parallel=8):
        """[text, random_id] each, ``parallel`` at a time; those that were answered, in the order of the answers."""
        to, waiting, told = await self._peer(peer), list(reversed(messages)), []

        async def send():
            while waiting:
                text, random_id = waiting.pop()
                await self.client(functions.messages.SendMessageRequest(to, text, random_id=random_id))
                told.append(random_id)
                self.emit("told", random_id=random_id)

        await asyncio.gather(*(send() for _ in range(parallel)))
        return told

    async def do_edit(self, peer, id, text):
        return self._message(await self.client.edit_message(await self._peer(peer), id, text))

    async def do_delete(self, peer, ids, revoke=True):
        await self.client.delete_messages(await self._peer(peer), ids, revoke=revoke)

    async def do_forward(self, peer, from_peer, ids):
        sent = await self.client.forward_messages(await self._peer(peer), ids, await self._peer(from_peer))
        return [self._message(message) for message in sent]

    async def do_read(self, peer, max_id):
        await self.client.send_read_acknowledge(await self._peer(peer), max_id=max_id)

    async def do_typing(self, peer):
        return await self.client(
            functions.messages.SetTypingRequest(await self._peer(peer), types.SendMessageTypingAction())
        )

    async def do_pin(self, peer, id):
        await self.client.pin_message(await self._peer(peer), id)

    async def do_history(self, peer, limit=100):
        found = await self.client.get_messages(await self._peer(peer), limit=limit)
        return [self._message(message) for message in found]

    async def do_search(self, peer, text):
        found = await self.client.get_messages(await self._peer(peer), search=text, limit=50)
        return [self._message(message) for message in found]

    async def do_shared(self, peer, kind, text="", limit=100):
        wanted = getattr(types, f"InputMessagesFilter{kind}")()
        peer = await self._peer(peer)
        found = await self.client.get_messages(peer, filter=wanted, search=text, limit=limit)
        counters = await self.client(functions.messages.GetSearchCountersRequest(peer, [wanted]))
        places = await self.client(functions.messages.GetSearchResultsPositionsRequest(peer, wanted, 0, limit))
        calendar = await self.client(functions.messages.GetSearchResultsCalendarRequest(peer, wanted, 0, None))
        return {
            "ids": [message.id for message in found],
            "total": found.total,
            "counter": counters[0].count,
            "places": [[place.msg_id, place.offset] for place in places.positions],
            "days": [[day.max_msg_id, day.min_msg_id, day.count] for day in calendar.periods],
        }

    async def do_dialogs(self):
        found = await self.client.get_dialogs()
        return [
            {
                "peer": self._peer_of(dialog.dialog.peer),
                "top": dialog.dialog.top_message,
                "unread": dialog.unread_count,
                "title": dialog.name,
            }
            for dialog in found
        ]

    # --- groups ---------------------------------------------------------

    async def do_create_group(self, title, users):
        members = [await self.client.get_input_entity(user) for user in users]
        answer = await self.client(functions.messages.CreateChatRequest(users=members, title=title))
        updates = getattr(answer, "updates", answer)
        chats = updates.chats if hasattr(updates, "chats") else answer.chats
        return chats[0].id

    async def do_rename_group(self, chat, title):
        await self.client(functions.messages.EditChatTitleRequest(chat, title))

    async def do_add_member(self, chat, user):
        await self.client(functions.messages.AddChatUserRequest(chat, await self.client.get_input_entity(user), 50))

    async def do_remove_member(self, chat, user):
        await self.client(functions.messages.DeleteChatUserRequest(chat, await self.client.get_input_entity(user)))

    async def do_leave(self, chat):
        await self.client(functions.messages.DeleteChatUserRequest(chat, types.InputUserSelf()))

    async def do_members(self, chat):
        full = await self.client(functions.messages.GetFullChatRequest(chat))
        return sorted(member.user_id for member in full.full_chat.participants.participants)

    # --- updates --------------------------------------------------------

    async def do_state(self):
        state = await self.client(functions.updates.GetStateRequest())
        return {"pts": state.pts, "qts": state.qts, "date": int(state.date.timestamp()), "seq": state.seq}

    async def do_catch_up(self):
        await self.client.catch_up()

    async def do_difference(self, pts, date):
        """Every message and deletion since ``pts``, following slices to the end."""
        messages, others, state = [], [], None
        while True:
            got = await self.client(functions.updates.GetDifferenceRequest(pts=pts, date=date, qts=0))
            if isinstance(got, types.updates.DifferenceEmpty):
                break
            messages += [self._message(message) for message in got.new_messages]
            others += [
                {
                    "kind": type(update).__name__,
                    "ids": list(getattr(update, "messages", [])),
                    "message": self._message(update.message) if hasattr(update, "message") else None,
                }
                for update in got.other_updates
            ]
            sliced = isinstance(got, types.updates.DifferenceSlice)
            state = got.intermediate_state if sliced else got.state
            pts = state.pts
            if not sliced:
                break
        return {"messages": messages, "others": others, "pts": pts}

    # --- shapes ---------------------------------------------------------

    def _user(self, user):
        return {
            "id": user.id,
            "first_name": user.first_name,
            "phone": user.phone,
            "username": user.username,
            "contact": bool(user.contact),
        }

    def _peer_of(self, peer):
        if isinstance(peer, types.PeerChannel):
            return ["channel", peer.channel_id]
        return ["user", peer.user_id] if isinstance(peer, types.PeerUser) else ["chat", peer.chat_id]

    def _message(self, message):
        reply = getattr(message, "reply_to", None)
        forward = getattr(message, "fwd_from", None)
        sender = message.from_id or message.peer_id
        return {
            "id": message.id,
            "text": getattr(message, "message", None) or "",
            "peer": self._peer_of(message.peer_id),
            "from": getattr(sender, "user_id", None),
            "out": bool(message.out),
            "reply_to": getattr(reply, "reply_to_msg_id", None),
            "quote": getattr(reply, "quote_text", None),
            "forwarded": forward is not None,
            "action": type(message.action).__name__ if getattr(message, "action", None) else None,
        }


if __name__ == "__main__":
    asyncio.run(Telethon().run())
