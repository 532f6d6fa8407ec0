//! grammers: the address is an option of its session; its key is compiled in, so that one function is patched.
use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::{Arc, Mutex};

use grammers_client::{Client, SignInError};
use grammers_mtsender::{SenderPool, SenderPoolFatHandle, UpdatesConfiguration};
use grammers_session::Session;
use grammers_session::storages::SqliteSession;
use grammers_session::types::DcOption;
use grammers_tl_types::{enums, functions, types};
use serde_json::{Value, json};
use tokio::sync::mpsc;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Answer = Result<Value, Failure>;

const DC: i32 = 2;

fn write(line: Value) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

fn emit(event: &str, mut fields: Value) {
    fields["event"] = json!(event);
    write(fields);
}

fn peer_of(peer: &enums::Peer) -> Value {
    match peer {
        enums::Peer::User(p) => json!(["user", p.user_id]),
        enums::Peer::Chat(p) => json!(["chat", p.chat_id]),
        enums::Peer::Channel(p) => json!(["channel", p.channel_id]),
    }
}

fn sender(from: &Option<enums::Peer>, peer: &enums::Peer) -> Value {
    peer_of(from.as_ref().unwrap_or(peer))[1].clone()
}

fn tell(message: &enums::Message) -> Value {
    match message {
        enums::Message::Message(m) => json!({
            "id": m.id, "text": m.message, "peer": peer_of(&m.peer_id), "out": m.out, "action": null,
            "from": sender(&m.from_id, &m.peer_id), "forwarded": m.fwd_from.is_some(),
            "reply_to": match &m.reply_to {
                Some(enums::MessageReplyHeader::Header(header)) => json!(header.reply_to_msg_id),
                _ => Value::Null,
            },
        }),
        enums::Message::Service(m) => json!({
            "id": m.id, "text": "", "peer": peer_of(&m.peer_id), "out": m.out, "action": "service",
            "from": sender(&m.from_id, &m.peer_id),
        }),
        enums::Message::Empty(m) => json!({"id": m.id}),
    }
}

fn tell_user(user: &enums::User) -> Value {
    match user {
        enums::User::User(u) => {
            json!({"id": u.id, "first_name": u.first_name, "phone": u.phone, "username": u.username})
        }
        enums::User::Empty(u) => json!({"id": u.id}),
    }
}

struct Connected {
    client: Client,
    handle: SenderPoolFatHandle,
    updates: Option<mpsc::Receiver<grammers_session::updates::UpdatesLike>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    followed: Option<tokio::task::JoinHandle<()>>,
}

#[derive(Default)]
struct Driver {
    connected: Mutex<Option<Connected>>,
    hashes: Mutex<HashMap<i64, i64>>,
}

fn on_update(update: &enums::Update) {
    match update {
        enums::Update::NewMessage(u) => {
            let name = if matches!(u.message, enums::Message::Service(_)) {
                "service_message"
            } else {
                "new_message"
            };
            emit(name, tell(&u.message));
        }
        enums::Update::EditMessage(u) => emit("edited", tell(&u.message)),
        enums::Update::DeleteMessages(u) => emit("deleted", json!({"ids": u.messages})),
        enums::Update::ReadHistoryOutbox(u) => emit("read", json!({"max_id": u.max_id, "outbox": true})),
        enums::Update::UserTyping(u) => emit("typing", json!({"user": u.user_id, "peer": ["user", u.user_id]})),
        _ => {}
    }
}

impl Driver {
    fn client(&self) -> Client {
        self.connected
            .lock()
            .unwrap()
            .as_ref()
            .expect("not connected")
            .client
            .clone()
    }

    async fn connect(&self, args: &Value) -> Answer {
        if let Some(modulus) = args["modulus"].as_str() {
            // What tools/setup_more_clients.sh made of grammers-mtproto looks for it here.
            unsafe { std::env::set_var("GRAMMERS_SERVER_MODULUS", modulus) };
        }
        let path = args["session"].as_str().unwrap_or(":memory:");
        let session = Arc::new(SqliteSession::open(path).await?);
        let port = args["port"].as_u64().ok_or("no port")? as u16;
        let host: Ipv4Addr = args["host"].as_str().ok_or("no host")?.parse()?;
        let mut here: DcOption = session.dc_option(DC)?.ok_or("no such data centre")?;
        here.ipv4 = SocketAddrV4::new(host, port);
        session.set_dc_option(&here).await?;
        session.set_home_dc_id(DC).await?;
        let SenderPool {
            runner,
            handle,
            updates,
        } = SenderPool::new(Arc::clone(&session), 1);
        let client = Client::new(handle.clone());
        tokio::spawn(runner.run());
        *self.connected.lock().unwrap() = Some(Connected {
            client: client.clone(),
            handle,
            updates: Some(updates),
            stop: None,
            followed: None,
        });
        let authorized = client.is_authorized().await?;
        if authorized {
            self.follow(true).await?;
        }
        Ok(json!(authorized))
    }

    /// Begin to follow the updates, from where the session says if `catch_up`.
    async fn follow(&self, catch_up: bool) -> Result<(), Failure> {
        let (client, updates) = {
            let mut connected = self.connected.lock().unwrap();
            let connected = connected.as_mut().unwrap();
            (
                connected.client.clone(),
                connected.updates.take().ok_or("followed already")?,
            )
        };
        let mut stream = client
            .stream_updates(updates, UpdatesConfiguration { catch_up })
            .await?;
        let (stop, mut stopped) = tokio::sync::oneshot::channel();
        let followed = tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = &mut stopped => break,
                    got = stream.next_raw() => match got {
                        Ok((update, _, _)) => on_update(&update),
                        Err(error) => {
                            // The server may be away for a moment.
                            eprintln!("updates: {error}");
                            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                        }
                    },
                }
            }
            if let Err(error) = stream.sync_update_state().await {
                eprintln!("state not kept: {error}");
            }
        });
        let mut connected = self.connected.lock().unwrap();
        let connected = connected.as_mut().unwrap();
        connected.stop = Some(stop);
        connected.followed = Some(followed);
        Ok(())
    }

    async fn disconnect(&self) -> Answer {
        let connected = self.connected.lock().unwrap().take();
        if let Some(mut connected) = connected {
            if let Some(stop) = connected.stop.take() {
                let _ = stop.send(());
            }
            if let Some(followed) = connected.followed.take() {
                let _ = followed.await;
            }
            connected.handle.quit();
        }
        Ok(Value::Null)
    }

    async fn sign_in(&self, args: &Value) -> Answer {
        let client = self.client();
        let phone = args["phone"].as_str().unwrap();
        let code = args["code"].as_str().unwrap();
        let token = client.request_login_code(phone, &"0".repeat(32)).await?;
        match client.sign_in(&token, code).await {
            Ok(_) => {}
            Err(SignInError::SignUpRequired) if args["first_name"].is_string() => {
                // grammers has no sign-up of its own: the raw methods are what is left, with a code of their own.
                let sent = client
                    .invoke(&functions::auth::SendCode {
                        phone_number: phone.into(),
                        api_id: 1,
                        api_hash: "0".repeat(32),
                        settings: types::CodeSettings {
                            allow_flashcall: false,
                            current_number: false,
                            allow_app_hash: false,
                            allow_missed_call: false,
                            allow_firebase: false,
                            unknown_number: false,
                            logout_tokens: None,
                            token: None,
                            app_sandbox: None,
                        }
                        .into(),
                    })
                    .await?;
                let enums::auth::SentCode::Code(sent) = sent else {
                    return Err("no code sent".into());
                };
                let hash = sent.phone_code_hash;
                client
                    .invoke(&functions::auth::SignIn {
                        phone_number: phone.into(),
                        phone_code_hash: hash.clone(),
                        phone_code: Some(code.into()),
                        email_verification: None,
                    })
                    .await?;
                client
                    .invoke(&functions::auth::SignUp {
                        no_joined_notifications: false,
                        phone_number: phone.into(),
                        phone_code_hash: hash,
                        first_name: args["first_name"].as_str().unwrap().into(),
                        last_name: "".into(),
                    })
                    .await?;
                // Once more its own way, which is what keeps pts in the session.
                let token = client.request_login_code(phone, &"0".repeat(32)).await?;
                client.sign_in(&token, code).await?;
            }
            Err(error) => return Err(error.into()),
        }
        let me = client.get_me().await?;
        self.follow(false).await?;
        Ok(tell_user(&me.raw))
    }

    fn remember(&self, users: &[enums::User]) {
        let mut hashes = self.hashes.lock().unwrap();
        for user in users {
            if let enums::User::User(user) = user {
                hashes.insert(user.id, user.access_hash.unwrap_or(0));
            }
        }
    }

    fn hash(&self, user: i64) -> i64 {
        *self.hashes.lock().unwrap().get(&user).unwrap_or(&0)
    }

    fn input(&self, peer: &Value) -> enums::InputPeer {
        let id = peer[1].as_i64().unwrap_or(0);
        match peer[0].as_str().unwrap() {
            "self" => enums::InputPeer::PeerSelf,
            "chat" => types::InputPeerChat { chat_id: id }.into(),
            _ => types::InputPeerUser {
                user_id: id,
                access_hash: self.hash(id),
            }
            .into(),
        }
    }

    fn sent(&self, answer: enums::Updates, text: &str) -> Answer {
        match answer {
            enums::Updates::UpdateShortSentMessage(m) => return Ok(json!({"id": m.id, "out": m.out, "text": text})),
            enums::Updates::Updates(all) => {
                for update in &all.updates {
                    match update {
                        enums::Update::NewMessage(u) => return Ok(tell(&u.message)),
                        enums::Update::EditMessage(u) => return Ok(tell(&u.message)),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Err("no message in the answer".into())
    }

    async fn run(&self, command: &str, args: &Value) -> Answer {
        match command {
            "connect" => return self.connect(args).await,
            "disconnect" => return self.disconnect().await,
            "sign_in" => return self.sign_in(args).await,
            _ => {}
        }
        let client = self.client();
        let text = args["text"].as_str().unwrap_or("").to_string();
        let number = |name: &str| args[name].as_i64().unwrap_or(0);
        let ids: Vec<i32> = args["ids"]
            .as_array()
            .map(|v| v.iter().map(|i| i.as_i64().unwrap() as i32).collect())
            .unwrap_or_default();
        let random = || {
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_nanos() as i64
        };
        match command {
            "me" => Ok(tell_user(&client.get_me().await?.raw)),
            "import_contact" => {
                let contact = types::InputPhoneContact {
                    client_id: 1,
                    phone: args["phone"].as_str().unwrap().into(),
                    first_name: args["first_name"].as_str().unwrap().into(),
                    last_name: "".into(),
                    note: None,
                };
                let enums::contacts::ImportedContacts::Contacts(done) = client
                    .invoke(&functions::contacts::ImportContacts {
                        contacts: vec![contact.into()],
                    })
                    .await?;
                self.remember(&done.users);
                Ok(done.users.iter().map(tell_user).collect())
            }
            "send" => {
                let reply_to = args["reply_to"].as_i64().map(|id| {
                    types::InputReplyToMessage {
                        reply_to_msg_id: id as i32,
                        top_msg_id: None,
                        reply_to_peer_id: None,
                        quote_text: None,
                        quote_entities: None,
                        quote_offset: None,
                        monoforum_peer_id: None,
                        todo_item_id: None,
                        poll_option: None,
                    }
                    .into()
                });
                let mut request = empty_send(self.input(&args["peer"]), text.clone(), random());
                request.reply_to = reply_to;
                self.sent(client.invoke(&request).await?, &text)
            }
            "edit" => {
                let mut request = empty_edit(self.input(&args["peer"]), number("id") as i32);
                request.message = Some(text.clone());
                self.sent(client.invoke(&request).await?, &text)
            }
            "delete" => {
                client
                    .invoke(&functions::messages::DeleteMessages { revoke: true, id: ids })
                    .await?;
                Ok(Value::Null)
            }
            "forward" => {
                let mut request = empty_forward(self.input(&args["from_peer"]), self.input(&args["peer"]));
                request.random_id = ids.iter().map(|id| random() + *id as i64).collect();
                request.id = ids;
                Ok(json!([self.sent(client.invoke(&request).await?, "")?]))
            }
            "read" => {
                client
                    .invoke(&functions::messages::ReadHistory {
                        peer: self.input(&args["peer"]),
                        max_id: number("max_id") as i32,
                    })
                    .await?;
                Ok(Value::Null)
            }
            "typing" => Ok(json!(
                client
                    .invoke(&functions::messages::SetTyping {
                        peer: self.input(&args["peer"]),
                        top_msg_id: None,
                        action: enums::SendMessageAction::SendMessageTypingAction,
                    })
                    .await?
            )),
            "history" => {
                let got = client
                    .invoke(&functions::messages::GetHistory {
                        peer: self.input(&args["peer"]),
                        offset_id: 0,
                        offset_date: 0,
                        add_offset: 0,
                        limit: args["limit"].as_i64().unwrap_or(100) as i32,
                        max_id: 0,
                        min_id: 0,
                        hash: 0,
                    })
                    .await?;
                Ok(match got {
                    enums::messages::Messages::Messages(m) => m.messages.iter().map(tell).collect(),
                    enums::messages::Messages::Slice(m) => m.messages.iter().map(tell).collect(),
                    _ => Value::Null,
                })
            }
            "dialogs" => {
                let mut found = Vec::new();
                let mut dialogs = client.iter_dialogs();
                while let Some(dialog) = dialogs.next().await? {
                    if let enums::Dialog::Dialog(raw) = &dialog.raw {
                        found.push(json!({
                            "peer": peer_of(&raw.peer), "top": raw.top_message, "unread": raw.unread_count,
                            "title": dialog.peer().name(),
                        }));
                    }
                }
                Ok(found.into())
            }
            "create_group" => {
                let users = args["users"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|u| {
                        let id = u.as_i64().unwrap();
                        types::InputUser {
                            user_id: id,
                            access_hash: self.hash(id),
                        }
                        .into()
                    })
                    .collect();
                let enums::messages::InvitedUsers::Users(made) = client
                    .invoke(&functions::messages::CreateChat {
                        users,
                        title: args["title"].as_str().unwrap().into(),
                        ttl_period: None,
                    })
                    .await?;
                match made.updates {
                    enums::Updates::Updates(all) => Ok(json!(all.chats[0].id())),
                    _ => Err("no group in the answer".into()),
                }
            }
            "rename_group" => {
                client
                    .invoke(&functions::messages::EditChatTitle {
                        chat_id: number("chat"),
                        title: args["title"].as_str().unwrap().into(),
                    })
                    .await?;
                Ok(Value::Null)
            }
            "members" => {
                let enums::messages::ChatFull::Full(full) = client
                    .invoke(&functions::messages::GetFullChat {
                        chat_id: number("chat"),
                    })
                    .await?;
                let enums::ChatFull::Full(chat) = full.full_chat else {
                    return Err("no group".into());
                };
                let enums::ChatParticipants::Participants(all) = chat.participants else {
                    return Err("no members".into());
                };
                let mut ids: Vec<i64> = all
                    .participants
                    .iter()
                    .map(|one| match one {
                        enums::ChatParticipant::Participant(p) => p.user_id,
                        enums::ChatParticipant::Creator(p) => p.user_id,
                        enums::ChatParticipant::Admin(p) => p.user_id,
                    })
                    .collect();
                ids.sort();
                Ok(json!(ids))
            }
            "full_user" => {
                let id = number("user");
                let enums::users::UserFull::Full(full) = client
                    .invoke(&functions::users::GetFullUser {
                        id: types::InputUser {
                            user_id: id,
                            access_hash: self.hash(id),
                        }
                        .into(),
                    })
                    .await?;
                let enums::UserFull::Full(about) = full.full_user;
                Ok(json!({"about": about.about, "user": tell_user(&full.users[0])}))
            }
            "state" => {
                let enums::updates::State::State(state) = client.invoke(&functions::updates::GetState {}).await?;
                Ok(json!({"pts": state.pts, "qts": state.qts, "date": state.date, "seq": state.seq}))
            }
            "sign_out" => {
                client.sign_out().await?;
                Ok(json!(true))
            }
            _ => Err(format!("no command {command}").into()),
        }
    }
}

fn empty_send(peer: enums::InputPeer, message: String, random_id: i64) -> functions::messages::SendMessage {
    functions::messages::SendMessage {
        no_webpage: false,
        silent: false,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer,
        reply_to: None,
        message,
        random_id,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        allow_paid_stars: None,
        suggested_post: None,
        rich_message: None,
    }
}

fn empty_edit(peer: enums::InputPeer, id: i32) -> functions::messages::EditMessage {
    functions::messages::EditMessage {
        no_webpage: false,
        invert_media: false,
        peer,
        id,
        message: None,
        media: None,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        quick_reply_shortcut_id: None,
        rich_message: None,
    }
}

fn empty_forward(from_peer: enums::InputPeer, to_peer: enums::InputPeer) -> functions::messages::ForwardMessages {
    functions::messages::ForwardMessages {
        silent: false,
        background: false,
        with_my_score: false,
        drop_author: false,
        drop_media_captions: false,
        noforwards: false,
        allow_paid_floodskip: false,
        from_ephemeral: false,
        from_peer,
        id: vec![],
        random_id: vec![],
        to_peer,
        top_msg_id: None,
        reply_to: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        video_timestamp: None,
        allow_paid_stars: None,
        suggested_post: None,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let driver = Arc::new(Driver::default());
    let (lines, mut asked) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if lines.send(line.unwrap()).is_err() {
                break;
            }
        }
    });
    emit("ready", json!({}));
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async move {
            while let Some(line) = asked.recv().await {
                let line: Value = serde_json::from_str(&line).unwrap();
                let driver = Arc::clone(&driver);
                tokio::task::spawn_local(async move {
                    match driver.run(line["do"].as_str().unwrap(), &line["args"]).await {
                        Ok(result) => write(json!({"id": line["id"], "ok": result})),
                        Err(error) => write(json!({"id": line["id"], "error": error.to_string()})),
                    }
                });
            }
        })
        .await;
}
