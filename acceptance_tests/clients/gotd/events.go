package main

import (
	"context"
	"encoding/json"
	"os"
	"sync"

	"github.com/gotd/td/bin"
	"github.com/gotd/td/telegram"
	"github.com/gotd/td/telegram/updates/hook"
	"github.com/gotd/td/tg"
)

var output sync.Mutex

func write(line map[string]any) {
	text, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	output.Lock()
	defer output.Unlock()
	os.Stdout.Write(append(text, '\n'))
}

func emit(event string, fields map[string]any) {
	line := map[string]any{"event": event}
	for name, value := range fields {
		line[name] = value
	}
	write(line)
}

// updateHook gives the gap manager the updates that methods answer with, as gotd's documentation tells to.
type updateHook struct{ d *driver }

func (h updateHook) Handle(next tg.Invoker) telegram.InvokeFunc {
	return func(ctx context.Context, input bin.Encoder, output bin.Decoder) error {
		return hook.UpdateHook(h.d.state.Handle).Handle(next)(ctx, input, output)
	}
}

func tell(message tg.MessageClass) map[string]any {
	switch message := message.(type) {
	case *tg.Message:
		told := map[string]any{
			"id": message.ID, "text": message.Message, "peer": peerOf(message.PeerID), "out": message.Out,
			"reply_to": nil, "action": nil, "from": sender(message.FromID, message.PeerID),
		}
		if header, ok := message.ReplyTo.(*tg.MessageReplyHeader); ok {
			told["reply_to"] = header.ReplyToMsgID
		}
		_, told["forwarded"] = message.GetFwdFrom()
		return told
	case *tg.MessageService:
		return map[string]any{
			"id": message.ID, "text": "", "peer": peerOf(message.PeerID), "out": message.Out,
			"action": message.Action.TypeName(), "from": sender(message.FromID, message.PeerID),
		}
	}
	return nil
}

func sender(from, peer tg.PeerClass) any {
	if from == nil {
		from = peer
	}
	if user, ok := from.(*tg.PeerUser); ok {
		return user.UserID
	}
	return nil
}

func (d *driver) dispatcher() telegram.UpdateHandler {
	on := tg.NewUpdateDispatcher()
	on.OnNewMessage(func(_ context.Context, e tg.Entities, update *tg.UpdateNewMessage) error {
		for _, user := range e.Users {
			d.remember([]tg.UserClass{user})
		}
		if _, service := update.Message.(*tg.MessageService); service {
			emit("service_message", tell(update.Message))
		} else {
			emit("new_message", tell(update.Message))
		}
		return nil
	})
	on.OnEditMessage(func(_ context.Context, _ tg.Entities, update *tg.UpdateEditMessage) error {
		emit("edited", tell(update.Message))
		return nil
	})
	on.OnDeleteMessages(func(_ context.Context, _ tg.Entities, update *tg.UpdateDeleteMessages) error {
		emit("deleted", map[string]any{"ids": update.Messages})
		return nil
	})
	on.OnReadHistoryOutbox(func(_ context.Context, _ tg.Entities, update *tg.UpdateReadHistoryOutbox) error {
		emit("read", map[string]any{"max_id": update.MaxID, "outbox": true})
		return nil
	})
	on.OnUserTyping(func(_ context.Context, _ tg.Entities, update *tg.UpdateUserTyping) error {
		emit("typing", map[string]any{"user": update.UserID, "peer": []any{"user", update.UserID}})
		return nil
	})
	return on
}
