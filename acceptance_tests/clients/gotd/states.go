package main

import (
	"context"
	"sync"

	"github.com/gotd/td/telegram/updates"
)

// states is an updates.StateStorage in memory; gotd has one, but keeps it to itself. Channels are left out.
type states struct {
	lock  sync.Mutex
	known map[int64]updates.State
}

func newStates() updates.StateStorage { return &states{known: map[int64]updates.State{}} }

func (s *states) change(user int64, change func(*updates.State)) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	state := s.known[user]
	change(&state)
	s.known[user] = state
	return nil
}

func (s *states) GetState(_ context.Context, user int64) (updates.State, bool, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	state, found := s.known[user]
	return state, found, nil
}

func (s *states) SetState(_ context.Context, user int64, state updates.State) error {
	return s.change(user, func(known *updates.State) { *known = state })
}

func (s *states) SetPts(_ context.Context, user int64, pts int) error {
	return s.change(user, func(known *updates.State) { known.Pts = pts })
}

func (s *states) SetQts(_ context.Context, user int64, qts int) error {
	return s.change(user, func(known *updates.State) { known.Qts = qts })
}

func (s *states) SetDate(_ context.Context, user int64, date int) error {
	return s.change(user, func(known *updates.State) { known.Date = date })
}

func (s *states) SetSeq(_ context.Context, user int64, seq int) error {
	return s.change(user, func(known *updates.State) { known.Seq = seq })
}

func (s *states) SetDateSeq(_ context.Context, user int64, date, seq int) error {
	return s.change(user, func(known *updates.State) { known.Date, known.Seq = date, seq })
}

func (s *states) GetChannelPts(context.Context, int64, int64) (int, bool, error) {
	return 0, false, nil
}

func (s *states) SetChannelPts(context.Context, int64, int64, int) error { return nil }

func (s *states) ForEachChannels(context.Context, int64, func(context.Context, int64, int) error) error {
	return nil
}
