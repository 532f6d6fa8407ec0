"""TDLib as the ``tdjson`` wheel has it, from a copy of its library that knows this server.

TDLib cannot be told of another server: ``teamgram.clients`` writes ours over
Telegram's in the library, and whoever starts this driver says where the copy is.
"""

import asyncio
import ctypes
import json
import shutil
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from stdio import Driver
from tdlib_channels import MARK, Channels
from tdlib_opinions import SERVER_ID, Opinions


class TdError(Exception):
    """TDLib's error object."""


class Tdlib(Channels, Opinions, Driver):
    def __init__(self):
        super().__init__()
        self._requests = {}
        self._sent = {}
        self._next = 0
        self._state = ""
        self._state_changed = None
        self._users = {}

    def describe(self, error):
        return str(error) if isinstance(error, TdError) else super().describe(error)

    # --- the library ----------------------------------------------------

    async def do_connect(self, library, session, pfs=False, quick_ack=False, proxy=None, test_servers=False, log=0):
        self._library = ctypes.CDLL(library)
        self._library.td_receive.argtypes = [ctypes.c_double]
        self._library.td_receive.restype = self._library.td_execute.restype = ctypes.c_char_p
        if log:
            stream = {"@type": "logStreamFile", "path": session + "/log", "max_file_size": 1 << 26}
            self._execute("setLogStream", log_stream=stream)
        self._execute("setLogVerbosityLevel", new_verbosity_level=log)
        self._client = self._library.td_create_client_id()
        self._loop = asyncio.get_running_loop()
        self._state_changed = asyncio.Condition()
        threading.Thread(target=self._receive, daemon=True).start()
        await self._until("authorizationStateWaitTdlibParameters", start={"@type": "getOption", "name": "version"})
        # Answered when the parameters are there.
        options = [
            self._ask("setOption", name=name, value={"@type": "optionValueBoolean", "value": value})
            for name, value in (("use_pfs", pfs), ("use_quick_ack", quick_ack), ("online", True))
        ]
        options += [self._ask("addProxy", proxy={"@type": "proxy", **proxy}, enable=True)] if proxy else []
        await self._ask(
            "setTdlibParameters",
            use_test_dc=test_servers,
            database_directory=session,
            files_directory=session + "/files",
            use_message_database=True,
            use_chat_info_database=True,
            use_file_database=True,
            api_id=1,
            api_hash="0" * 32,
            system_language_code="en",
            device_model="test",
            application_version="1",
        )
        await asyncio.gather(*options)
        return await self._until("authorizationStateWaitPhoneNumber", "authorizationStateReady") == (
            "authorizationStateReady"
        )

    async def do_disconnect(self):
        await self._ask("close")
        await self._until("authorizationStateClosed")

    def _receive(self):
        while True:
            text = self._library.td_receive(10.0)
            if text:
                self._loop.call_soon_threadsafe(self._take, json.loads(text))

    def _take(self, answer):
        number = answer.get("@extra")
        if number is not None:
            waiting = self._requests.pop(number)
            if waiting.done():
                return
            if answer["@type"] == "error":
                waiting.set_exception(TdError(f"{answer['message']}: {answer['code']}"))
            else:
                waiting.set_result(answer)
            return
        handler = getattr(self, "_on_" + answer["@type"], None)
        if handler:
            handler(answer)

    def _execute(self, method, **arguments):
        self._library.td_execute(json.dumps({"@type": method, **arguments}).encode())

    def _send(self, request):
        self._library.td_send(self._client, json.dumps(request).encode())

    def _ask(self, method, **arguments):
        self._next += 1
        waiting = self._requests[self._next] = self._loop.create_future()
        self._send({"@type": method, "@extra": self._next, **arguments})
        return waiting

    async def _until(self, *states, start=None):
        if start:
            self._send(start)
        async with self._state_changed:
            await self._state_changed.wait_for(lambda: self._state in states)
        return self._state

    def _on_updateAuthorizationState(self, update):
        self._state = update["authorization_state"]["@type"]
        if self._state == "authorizationStateLoggingOut":
            self.emit("signed_out")

        async def tell():
            async with self._state_changed:
                self._state_changed.notify_all()

        self._tasks.add(asyncio.ensure_future(tell()))

    # --- what it tells --------------------------------------------------

    def _on_updateNewMessage(self, update):
        message = update["message"]
        if "sending_state" not in message:
            told = self._message(message)
            self.emit("service_message" if told["action"] else "new_message", **told)

    def _on_updateMessageSendSucceeded(self, update):
        self._sent_future(update["message"]["chat_id"], update["old_message_id"]).set_result(update["message"])

    def _on_updateMessageSendFailed(self, update):
        failed = TdError(f"{update['error']['message']}: {update['error']['code']}")
        self._sent_future(update["message"]["chat_id"], update["old_message_id"]).set_exception(failed)

    def _on_updateMessageSendAcknowledged(self, update):
        self.emit("quick_ack", id=update["message_id"])

    def _on_updateMessageContent(self, update):
        if "poll" in update["new_content"]:
            self.emit("poll", voters=update["new_content"]["poll"]["total_voter_count"])
        text = update["new_content"].get("text", {}).get("text", "")
        self.emit("edited", id=update["message_id"] // SERVER_ID, text=text, peer=self._peer(update["chat_id"]))

    def _on_updateDeleteMessages(self, update):
        if update["is_permanent"]:
            self.emit("deleted", ids=[message_id // SERVER_ID for message_id in update["message_ids"]])

    def _on_updateChatReadOutbox(self, update):
        self.emit("read", max_id=update["last_read_outbox_message_id"] // SERVER_ID, outbox=True)

    def _on_updateChatReadInbox(self, update):
        self.emit("read", max_id=update["last_read_inbox_message_id"] // SERVER_ID, outbox=False)

    def _on_updateChatAction(self, update):
        if update["action"]["@type"] == "chatActionTyping":
            self.emit("typing", user=update["sender_id"].get("user_id"), peer=self._peer(update["chat_id"]))

    def _on_updateMessageIsPinned(self, update):
        self.emit("pinned", ids=[update["message_id"] // SERVER_ID], pinned=update["is_pinned"])

    def _on_updateUserStatus(self, update):
        self.emit("status", user=update["user_id"], online=update["status"]["@type"] == "userStatusOnline")

    def _on_updateUser(self, update):
        user = update["user"]
        before = self._users.get(user["id"])
        self._users[user["id"]] = user["first_name"]
        if before not in (None, user["first_name"]):
            self.emit("user_name", user=user["id"], first_name=user["first_name"])

    # --- accounts -------------------------------------------------------

    async def do_sign_in(self, phone, code, first_name=None):
        await self._ask("setAuthenticationPhoneNumber", phone_number=phone)
        await self._until("authorizationStateWaitCode")
        await self._ask("checkAuthenticationCode", code=code)
        if await self._until("authorizationStateWaitRegistration", "authorizationStateReady") != (
            "authorizationStateReady"
        ):
            await self._ask("registerUser", first_name=first_name, last_name="")
            await self._until("authorizationStateReady")
        return await self.do_me()

    async def do_sign_out(self):
        await self._ask("logOut")
        await self._until("authorizationStateClosed")
        return True

    async def do_me(self):
        return self._user(await self._ask("getMe"))

    async def do_set_name(self, first_name, about=None):
        await self._ask("setName", first_name=first_name, last_name="")
        if about is not None:
            await self._ask("setBio", bio=about)
        return await self.do_me()

    async def do_set_username(self, username):
        await self._ask("setUsername", username=username)
        return await self.do_me()

    async def do_sessions(self):
        found = await self._ask("getActiveSessions")
        return [{"hash": s["id"], "current": s["is_current"], "device": s["device_model"]} for s in found["sessions"]]

    async def do_end_session(self, hash):
        await self._ask("terminateSession", session_id=hash)
        return True

    async def do_fetch_map(self):
        """Ask for a picture of a map, which lies in the data centre of web files."""
        place = {"@type": "location", "latitude": 52.52, "longitude": 13.4}
        file = await self._ask(
            "getMapThumbnailFile", location=place, zoom=15, width=100, height=100, scale=1, chat_id=0
        )
        return await self._ask("downloadFile", file_id=file["id"], priority=1, synchronous=True)

    async def do_ask(self, method, arguments):
        """Any request of TDLib's own."""
        return await self._ask(method, **arguments)

    # --- people ---------------------------------------------------------

    async def do_import_contact(self, phone, first_name):
        contact = {"@type": "importedContact", "phone_number": phone, "first_name": first_name, "last_name": ""}
        done = await self._ask("importContacts", contacts=[contact])
        return [self._user(await self._ask("getUser", user_id=user)) for user in done["user_ids"] if user]

    async def do_resolve(self, username):
        chat = await self._ask("searchPublicChat", username=username)
        return self._user(await self._ask("getUser", user_id=chat["id"]))

    async def do_full_user(self, user):
        full = await self._ask("getUserFullInfo", user_id=user)
        about = full.get("bio", {}).get("text", "")
        return {"about": about, "user": self._user(await self._ask("getUser", user_id=user))}

    # --- messages -------------------------------------------------------

    async def _chat(self, peer):
        kind, value = peer if len(peer) == 2 else (peer[0], None)
        if kind == "self":
            value = (await self._ask("getMe"))["id"]
        if kind == "channel":
            return -MARK - value
        if kind == "chat":
            return (await self._ask("createBasicGroupChat", basic_group_id=value, force=False))["id"]
        return (await self._ask("createPrivateChat", user_id=value, force=False))["id"]

    def _sent_future(self, chat, message):
        return self._sent.setdefault((chat, message), self._loop.create_future())

    async def _delivered(self, message):
        return self._message(await self._sent_future(message["chat_id"], message["id"]))

    async def do_send(self, peer, text, reply_to=None, quote=None, silent=False):
        arguments = {}
        if reply_to is not None:
            arguments["reply_to"] = {"@type": "inputMessageReplyToMessage", "message_id": reply_to * SERVER_ID}
        if quote is not None:
            quoted = {"@type": "formattedText", "text": quote["text"]}
            arguments["reply_to"]["quote"] = {"@type": "inputTextQuote", "text": quoted, "position": quote["position"]}
        message = await self._ask(
            "sendMessage",
            chat_id=await self._chat(peer),
            options={"@type": "messageSendOptions", "disable_notification": bool(silent)},
            input_message_content=self._text(text),
            **arguments,
        )
        return await self._delivered(message)

    def _text(self, text):
        return {"@type": "inputMessageText", "text": {"@type": "formattedText", "text": text}}

    async def do_edit(self, peer, id, text):
        chat = await self._chat(peer)
        content = self._text(text)
        return self._message(
            await self._ask("editMessageText", chat_id=chat, message_id=id * SERVER_ID, input_message_content=content)
        )

    async def do_delete(self, peer, ids, revoke=True):
        messages = [message_id * SERVER_ID for message_id in ids]
        await self._ask("deleteMessages", chat_id=await self._chat(peer), message_ids=messages, revoke=revoke)

    async def do_forward(self, peer, from_peer, ids):
        sent = await self._ask(
            "forwardMessages",
            chat_id=await self._chat(peer),
            from_chat_id=await self._chat(from_peer),
            message_ids=[message_id * SERVER_ID for message_id in ids],
        )
        return [await self._delivered(message) for message in sent["messages"]]

    async def do_read(self, peer, max_id):
        chat = await self._chat(peer)
        await self._ask("openChat", chat_id=chat)
        source = {"@type": "messageSourceChatHistory"}
        messages = [max_id * SERVER_ID]
        await self._ask("viewMessages", chat_id=chat, message_ids=messages, source=source, force_read=True)

    async def do_typing(self, peer):
        await self._ask("sendChatAction", chat_id=await self._chat(peer), action={"@type": "chatActionTyping"})

    async def do_pin(self, peer, id):
        chat = await self._chat(peer)
        await self._ask("pinChatMessage", chat_id=chat, message_id=id * SERVER_ID, only_for_self=False)

    async def do_send_file(self, peer, path, photo=False, caption=""):
        kind, file = ("Photo", "photo") if photo else ("Document", "document")
        content = {
            "@type": f"inputMessage{kind}",
            file: {"@type": f"input{kind}", file: {"@type": "inputFileLocal", "path": path}},
            "caption": {"@type": "formattedText", "text": caption},
        }
        message = await self._ask("sendMessage", chat_id=await self._chat(peer), input_message_content=content)
        return await self._delivered(message)

    async def do_edit_media(self, peer, id, path, caption):
        content = {
            "@type": "inputMessageDocument",
            "document": {"@type": "inputDocument", "document": {"@type": "inputFileLocal", "path": path}},
            "caption": {"@type": "formattedText", "text": caption},
        }
        chat = await self._chat(peer)
        await self._ask("editMessageMedia", chat_id=chat, message_id=id * SERVER_ID, input_message_content=content)

    async def do_move(self, peer):
        """Share a live location, move it and stop; what TDLib then says of it, and who is under way at each step."""
        chat, steps = await self._chat(peer), []
        here = {"@type": "location", "latitude": 52.5, "longitude": 13.4, "horizontal_accuracy": 10.0}
        live = {"@type": "liveLocation", "location": here, "live_period": 600, "heading": 90}
        content = {"@type": "inputMessageLiveLocation", "location": live}
        sent = await self._delivered(await self._ask("sendMessage", chat_id=chat, input_message_content=content))
        for location in ({**live, "location": {**here, "latitude": 53.0}}, None):
            message = await self._ask(
                "editMessageLiveLocation", chat_id=chat, message_id=sent["id"] * SERVER_ID, location=location
            )
            # What is stopped is live for what is left of a second at least.
            while location is None and message["content"]["expires_in"] > 0:
                await asyncio.sleep(0.1)
                message = await self._ask("getMessage", chat_id=chat, message_id=message["id"])
            found = await self._ask("searchChatRecentLocationMessages", chat_id=chat, limit=10)
            where, left = message["content"]["location"]["location"], message["content"]["expires_in"]
            steps.append([where["latitude"], left > 0, len(found["messages"])])
        return steps

    async def do_open_media(self, peer, id):
        """As a tap on a photo or a voice message does; what kind it is."""
        chat = await self._chat(peer)
        content = (await self._ask("getMessage", chat_id=chat, message_id=id * SERVER_ID))["content"]
        await self._ask("openMessageContent", chat_id=chat, message_id=id * SERVER_ID)
        return content["@type"]

    async def do_set_photo(self, path, group=0):
        photo = {"@type": "inputChatPhotoStatic", "photo": {"@type": "inputFileLocal", "path": path}}
        if group:
            await self._ask("setChatPhoto", chat_id=await self._chat(["chat", group]), photo=photo)
        else:
            await self._ask("setProfilePhoto", photo=photo, is_public=False)

    async def do_get_photo(self, peer, path):
        photo = (await self._ask("getChat", chat_id=await self._chat(peer)))["photo"]
        got = await self._ask(
            "downloadFile", file_id=photo["big"]["id"], priority=1, offset=0, limit=0, synchronous=True
        )
        shutil.copyfile(got["local"]["path"], path)

    async def do_download(self, peer, id, path):
        message = await self._ask("getMessage", chat_id=await self._chat(peer), message_id=id * SERVER_ID)
        content = message["content"]
        if content["@type"] == "messagePhoto":
            file = content["photo"]["sizes"][-1]["photo"]
        else:
            file = content["document"]["document"]
        got = await self._ask("downloadFile", file_id=file["id"], priority=1, offset=0, limit=0, synchronous=True)
        shutil.copyfile(got["local"]["path"], path)
        return {"text": content["caption"]["text"], "kind": content["@type"]}

    async def do_history(self, peer, limit=100):
        chat, found, oldest = await self._chat(peer), [], 0
        while len(found) < limit:
            page = await self._ask(
                "getChatHistory", chat_id=chat, from_message_id=oldest, offset=0, limit=min(100, limit - len(found))
            )
            if not page["messages"]:
                break
            found += page["messages"]
            oldest = found[-1]["id"]
        return [self._message(message) for message in found]

    async def do_search(self, peer, text):
        found = await self._ask(
            "searchChatMessages",
            chat_id=await self._chat(peer),
            query=text,
            from_message_id=0,
            offset=0,
            limit=50,
            filter={"@type": "searchMessagesFilterEmpty"},
        )
        return [self._message(message) for message in found["messages"]]

    async def do_dialogs(self):
        main = {"@type": "chatListMain"}
        try:
            while True:
                await self._ask("loadChats", chat_list=main, limit=100)
        except TdError:
            pass  # 404: that was all
        found = await self._ask("getChats", chat_list=main, limit=100)
        chats = [await self._ask("getChat", chat_id=chat) for chat in found["chat_ids"]]
        return [
            {
                "peer": self._peer(chat["id"]),
                "top": chat.get("last_message", {}).get("id", 0) // SERVER_ID,
                "unread": chat["unread_count"],
                "title": chat["title"],
            }
            for chat in chats
        ]

    # --- groups ---------------------------------------------------------

    async def do_create_group(self, title, users):
        created = await self._ask("createNewBasicGroupChat", user_ids=users, title=title)
        return -created["chat_id"]

    async def do_rename_group(self, chat, title):
        await self._ask("setChatTitle", chat_id=await self._chat(["chat", chat]), title=title)

    async def do_add_member(self, chat, user):
        await self._ask("addChatMember", chat_id=await self._chat(["chat", chat]), user_id=user, forward_limit=50)

    async def do_remove_member(self, chat, user):
        await self._ask(
            "setChatMemberStatus",
            chat_id=await self._chat(["chat", chat]),
            member_id={"@type": "messageSenderUser", "user_id": user},
            status={"@type": "chatMemberStatusLeft"},
        )

    async def do_leave(self, chat):
        await self._ask("leaveChat", chat_id=await self._chat(["chat", chat]))

    async def do_members(self, chat):
        full = await self._ask("getBasicGroupFullInfo", basic_group_id=chat)
        return sorted(member["member_id"]["user_id"] for member in full["members"])

    # --- shapes ---------------------------------------------------------

    def _peer(self, chat):
        if chat < -MARK:
            return ["channel", -chat - MARK]
        return ["user", chat] if chat > 0 else ["chat", -chat]

    def _user(self, user):
        names = user.get("usernames", {}).get("active_usernames", [])
        return {
            "id": user["id"],
            "first_name": user["first_name"],
            "phone": user["phone_number"],
            "username": names[0] if names else None,
            "contact": user["is_contact"],
        }

    def _message(self, message):
        content = message["content"]
        is_text = content["@type"] == "messageText"
        reply = message.get("reply_to", {})
        return {
            "id": message["id"] // SERVER_ID,
            "text": content["text"]["text"] if is_text else "",
            "peer": self._peer(message["chat_id"]),
            "from": message["sender_id"].get("user_id"),
            "out": message["is_outgoing"],
            "reply_to": reply.get("message_id", 0) // SERVER_ID or None,
            "quote": reply.get("quote", {}).get("text", {}).get("text"),
            "forwarded": "forward_info" in message,
            "action": None if is_text else content["@type"],
        }


if __name__ == "__main__":
    asyncio.run(Tdlib().run())
