// gotd/td: unmodified; the address and the key are options of its own.
package main

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"sort"
	"time"

	"github.com/gotd/td/session"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/telegram/auth"
	"github.com/gotd/td/telegram/dcs"
	"github.com/gotd/td/telegram/updates"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
	"github.com/gotd/td/transport"
	"go.uber.org/zap"
)

type peer struct {
	kind string
	id   int64
}

func (p *peer) UnmarshalJSON(data []byte) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	if err := json.Unmarshal(pair[0], &p.kind); err != nil || len(pair) < 2 {
		return err
	}
	return json.Unmarshal(pair[1], &p.id)
}

func peerOf(p tg.PeerClass) []any {
	switch p := p.(type) {
	case *tg.PeerUser:
		return []any{"user", p.UserID}
	case *tg.PeerChat:
		return []any{"chat", p.ChatID}
	}
	return nil
}

// arguments of every command; each takes what it needs.
type arguments struct {
	Host      string  `json:"host"`
	Port      int     `json:"port"`
	Key       string  `json:"key"`
	Session   string  `json:"session"`
	Transport string  `json:"transport"`
	Secret    string  `json:"secret"`
	PFS       bool    `json:"pfs"`
	Phone     string  `json:"phone"`
	Code      string  `json:"code"`
	FirstName string  `json:"first_name"`
	Peer      peer    `json:"peer"`
	FromPeer  peer    `json:"from_peer"`
	Text      string  `json:"text"`
	ReplyTo   int     `json:"reply_to"`
	ID        int     `json:"id"`
	IDs       []int   `json:"ids"`
	MaxID     int     `json:"max_id"`
	Limit     int     `json:"limit"`
	Title     string  `json:"title"`
	Users     []int64 `json:"users"`
	Chat      int64   `json:"chat"`
}

type driver struct {
	options arguments
	api     *tg.Client
	signIn  *auth.Client
	stop    context.CancelFunc
	stopped chan error
	hashes  map[int64]int64
	state   *updates.Manager
	storage updates.StateStorage
	session session.Storage
	follow  context.CancelFunc
	context context.Context
}

func publicKey(text string) (*rsa.PublicKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("no PEM")
	}
	return x509.ParsePKCS1PublicKey(block.Bytes)
}

func (d *driver) resolver() (dcs.Resolver, error) {
	protocols := map[string]dcs.Protocol{
		"":             transport.Intermediate,
		"intermediate": transport.Intermediate,
		"abridged":     transport.Abridged,
		"padded":       transport.PaddedIntermediate,
		"full":         transport.Full,
	}
	switch d.options.Transport {
	case "websocket":
		return dcs.Websocket(dcs.WebsocketOptions{}), nil
	case "obfuscated":
		return dcs.DefaultResolver(), nil
	case "mtproxy":
		secret, err := hex.DecodeString(d.options.Secret)
		if err != nil {
			return nil, err
		}
		return dcs.MTProxy(fmt.Sprintf("%s:%d", d.options.Host, d.options.Port), secret, dcs.MTProxyOptions{})
	}
	protocol, known := protocols[d.options.Transport]
	if !known {
		return nil, fmt.Errorf("no transport %s", d.options.Transport)
	}
	return dcs.Plain(dcs.PlainOptions{Protocol: protocol, NoObfuscated: true}), nil
}

func (d *driver) connect(a arguments) (any, error) {
	d.options = a
	d.storage = newStates()
	d.session = &session.StorageMemory{}
	if a.Session != "" {
		d.session = &session.FileStorage{Path: a.Session}
	}
	return d.run()
}

// run starts a client with the key and the state that this driver has.
func (d *driver) run() (any, error) {
	key, err := publicKey(d.options.Key)
	if err != nil {
		return nil, err
	}
	resolver, err := d.resolver()
	if err != nil {
		return nil, err
	}
	here := tg.DCOption{ID: 2, IPAddress: d.options.Host, Port: d.options.Port}
	here.TCPObfuscatedOnly = d.options.Transport == "obfuscated"
	list := dcs.List{
		Options: []tg.DCOption{here},
		Domains: map[int]string{2: fmt.Sprintf("ws://%s:%d/apiws", d.options.Host, d.options.Port)},
	}
	log := zap.NewNop()
	if os.Getenv("GOTD_LOG") != "" {
		configuration := zap.NewDevelopmentConfig()
		configuration.OutputPaths = []string{os.Getenv("GOTD_LOG")}
		log, _ = configuration.Build()
	}
	d.state = updates.New(updates.Config{Handler: d.dispatcher(), Storage: d.storage, Logger: log})
	client := telegram.NewClient(1, "00000000000000000000000000000000", telegram.Options{
		PublicKeys: []telegram.PublicKey{{RSA: key}},
		DC:         2, DCList: list, Resolver: resolver,
		SessionStorage: d.session,
		UpdateHandler:  d.state,
		EnablePFS:      d.options.PFS,
		Logger:         log,
		// Its own middle: what a method answers is an update too.
		Middlewares: []telegram.Middleware{updateHook{d}},
	})
	ctx, cancel := context.WithCancel(context.Background())
	d.stop, d.context = cancel, ctx
	ready := make(chan struct{})
	d.stopped = make(chan error, 1)
	go func() {
		d.stopped <- client.Run(ctx, func(ctx context.Context) error {
			close(ready)
			<-ctx.Done()
			return ctx.Err()
		})
	}()
	select {
	case <-ready:
	case err := <-d.stopped:
		return nil, err
	}
	d.api, d.signIn = client.API(), client.Auth()
	status, err := d.signIn.Status(ctx)
	if err != nil {
		return nil, err
	}
	if status.Authorized {
		return true, d.listen(status.User.ID)
	}
	return false, nil
}

// listen starts what keeps pts: updates.getState the first time, getDifference later.
func (d *driver) listen(user int64) error {
	started := make(chan error, 1)
	go func() {
		err := d.state.Run(d.context, d.api, user, updates.AuthOptions{
			OnStart: func(context.Context) { started <- nil },
		})
		if d.context.Err() == nil {
			fmt.Fprintln(os.Stderr, "updates ended:", err)
			started <- err
		}
	}()
	return <-started
}

func (d *driver) disconnect(arguments) (any, error) {
	d.stop()
	<-d.stopped
	return nil, nil
}

func (d *driver) signInCommand(a arguments) (any, error) {
	ctx := d.context
	sent, err := d.signIn.SendCode(ctx, a.Phone, auth.SendCodeOptions{})
	if err != nil {
		return nil, err
	}
	hash := sent.(*tg.AuthSentCode).PhoneCodeHash
	done, err := d.signIn.SignIn(ctx, a.Phone, a.Code, hash)
	var unknown *auth.SignUpRequired
	if errors.As(err, &unknown) && a.FirstName != "" {
		done, err = d.signIn.SignUp(ctx, auth.SignUp{PhoneNumber: a.Phone, PhoneCodeHash: hash, FirstName: a.FirstName})
	}
	if err != nil {
		return nil, err
	}
	user := done.User.(*tg.User)
	return tellUser(user), d.listen(user.ID)
}

func tellUser(user *tg.User) map[string]any {
	return map[string]any{"id": user.ID, "first_name": user.FirstName, "phone": user.Phone, "username": user.Username}
}

func (d *driver) input(p peer) tg.InputPeerClass {
	switch p.kind {
	case "self":
		return &tg.InputPeerSelf{}
	case "chat":
		return &tg.InputPeerChat{ChatID: p.id}
	}
	return &tg.InputPeerUser{UserID: p.id, AccessHash: d.hashes[p.id]}
}

func (d *driver) remember(users []tg.UserClass) {
	for _, one := range users {
		if user, ok := one.(*tg.User); ok && !user.Min {
			d.hashes[user.ID] = user.AccessHash
		}
	}
}

func (d *driver) importContact(a arguments) (any, error) {
	done, err := d.api.ContactsImportContacts(d.context, []tg.InputPhoneContact{
		{ClientID: 1, Phone: a.Phone, FirstName: a.FirstName},
	})
	if err != nil {
		return nil, err
	}
	d.remember(done.Users)
	told := []any{}
	for _, user := range done.Users {
		told = append(told, tellUser(user.(*tg.User)))
	}
	return told, nil
}

// sent finds the message that an answer to a sending method tells of.
func (d *driver) sent(answer tg.UpdatesClass, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	switch answer := answer.(type) {
	case *tg.UpdateShortSentMessage:
		return map[string]any{"id": answer.ID, "out": answer.Out}, nil
	case *tg.Updates:
		for _, update := range answer.Updates {
			switch update := update.(type) {
			case *tg.UpdateNewMessage:
				return tell(update.Message), nil
			case *tg.UpdateEditMessage:
				return tell(update.Message), nil
			}
		}
	}
	return nil, fmt.Errorf("no message in %T", answer)
}

func (d *driver) send(a arguments) (any, error) {
	request := &tg.MessagesSendMessageRequest{Peer: d.input(a.Peer), Message: a.Text, RandomID: rand.Int63()}
	if a.ReplyTo != 0 {
		request.SetReplyTo(&tg.InputReplyToMessage{ReplyToMsgID: a.ReplyTo})
	}
	told, err := d.sent(d.api.MessagesSendMessage(d.context, request))
	if message, ok := told.(map[string]any); ok {
		message["text"] = a.Text
	}
	return told, err
}

func (d *driver) edit(a arguments) (any, error) {
	request := &tg.MessagesEditMessageRequest{Peer: d.input(a.Peer), ID: a.ID}
	request.SetMessage(a.Text)
	return d.sent(d.api.MessagesEditMessage(d.context, request))
}

func (d *driver) delete(a arguments) (any, error) {
	_, err := d.api.MessagesDeleteMessages(d.context, &tg.MessagesDeleteMessagesRequest{Revoke: true, ID: a.IDs})
	return nil, err
}

func (d *driver) forward(a arguments) (any, error) {
	request := &tg.MessagesForwardMessagesRequest{FromPeer: d.input(a.FromPeer), ToPeer: d.input(a.Peer), ID: a.IDs}
	for range a.IDs {
		request.RandomID = append(request.RandomID, rand.Int63())
	}
	told, err := d.sent(d.api.MessagesForwardMessages(d.context, request))
	return []any{told}, err
}

func (d *driver) read(a arguments) (any, error) {
	_, err := d.api.MessagesReadHistory(d.context, &tg.MessagesReadHistoryRequest{Peer: d.input(a.Peer), MaxID: a.MaxID})
	return nil, err
}

func (d *driver) typing(a arguments) (any, error) {
	return d.api.MessagesSetTyping(d.context, &tg.MessagesSetTypingRequest{
		Peer: d.input(a.Peer), Action: &tg.SendMessageTypingAction{},
	})
}

func (d *driver) history(a arguments) (any, error) {
	limit := a.Limit
	if limit == 0 {
		limit = 100
	}
	answer, err := d.api.MessagesGetHistory(d.context, &tg.MessagesGetHistoryRequest{Peer: d.input(a.Peer), Limit: limit})
	if err != nil {
		return nil, err
	}
	found, _ := answer.AsModified()
	told := []any{}
	for _, message := range found.GetMessages() {
		told = append(told, tell(message))
	}
	return told, nil
}

func (d *driver) dialogs(arguments) (any, error) {
	answer, err := d.api.MessagesGetDialogs(d.context, &tg.MessagesGetDialogsRequest{
		OffsetPeer: &tg.InputPeerEmpty{}, Limit: 100,
	})
	if err != nil {
		return nil, err
	}
	found, _ := answer.AsModified()
	d.remember(found.GetUsers())
	titles := map[string]string{}
	for _, one := range found.GetChats() {
		if chat, ok := one.(*tg.Chat); ok {
			titles[fmt.Sprint("chat", chat.ID)] = chat.Title
		}
	}
	told := []any{}
	for _, one := range found.GetDialogs() {
		dialog := one.(*tg.Dialog)
		with := peerOf(dialog.Peer)
		told = append(told, map[string]any{
			"peer": with, "top": dialog.TopMessage, "unread": dialog.UnreadCount, "title": titles[fmt.Sprint(with...)],
		})
	}
	return told, nil
}

func (d *driver) createGroup(a arguments) (any, error) {
	request := &tg.MessagesCreateChatRequest{Title: a.Title}
	for _, user := range a.Users {
		request.Users = append(request.Users, &tg.InputUser{UserID: user, AccessHash: d.hashes[user]})
	}
	answer, err := d.api.MessagesCreateChat(d.context, request)
	if err != nil {
		return nil, err
	}
	return answer.Updates.(*tg.Updates).Chats[0].GetID(), nil
}

func (d *driver) renameGroup(a arguments) (any, error) {
	_, err := d.api.MessagesEditChatTitle(d.context, &tg.MessagesEditChatTitleRequest{ChatID: a.Chat, Title: a.Title})
	return nil, err
}

func (d *driver) members(a arguments) (any, error) {
	full, err := d.api.MessagesGetFullChat(d.context, a.Chat)
	if err != nil {
		return nil, err
	}
	ids := []int64{}
	for _, one := range full.FullChat.(*tg.ChatFull).Participants.(*tg.ChatParticipants).Participants {
		ids = append(ids, one.GetUserID())
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	return ids, nil
}

func (d *driver) currentState(arguments) (any, error) {
	state, err := d.api.UpdatesGetState(d.context)
	if err != nil {
		return nil, err
	}
	return map[string]any{"pts": state.Pts, "qts": state.Qts, "date": state.Date, "seq": state.Seq}, nil
}

func (d *driver) me(arguments) (any, error) {
	users, err := d.api.UsersGetUsers(d.context, []tg.InputUserClass{&tg.InputUserSelf{}})
	if err != nil {
		return nil, err
	}
	return tellUser(users[0].(*tg.User)), nil
}

func (d *driver) signOut(arguments) (any, error) {
	_, err := d.api.AuthLogOut(d.context)
	return err == nil, err
}

func main() {
	d := &driver{hashes: map[int64]int64{}}
	commands := map[string]func(arguments) (any, error){
		"connect": d.connect, "disconnect": d.disconnect,
		"reconnect":      func(arguments) (any, error) { return d.run() },
		"sign_in":        d.signInCommand,
		"import_contact": d.importContact, "send": d.send, "edit": d.edit, "delete": d.delete,
		"forward": d.forward, "read": d.read, "typing": d.typing, "history": d.history, "dialogs": d.dialogs,
		"create_group": d.createGroup, "rename_group": d.renameGroup, "members": d.members,
		"state": d.currentState, "me": d.me, "sign_out": d.signOut,
	}
	emit("ready", nil)
	input := json.NewDecoder(os.Stdin)
	for {
		var line struct {
			ID   int       `json:"id"`
			Do   string    `json:"do"`
			Args arguments `json:"args"`
		}
		if err := input.Decode(&line); err != nil {
			return
		}
		command, known := commands[line.Do]
		if !known {
			write(map[string]any{"id": line.ID, "error": "no command " + line.Do})
			continue
		}
		go func() {
			result, err := command(line.Args)
			if err != nil {
				if rpc, ok := tgerr.As(err); ok {
					err = fmt.Errorf("%s: %w", rpc.Type, err)
				}
				write(map[string]any{"id": line.ID, "error": err.Error()})
				return
			}
			write(map[string]any{"id": line.ID, "ok": result})
		}()
		// Commands may overlap, but begin in the order they came.
		time.Sleep(time.Millisecond)
	}
}
