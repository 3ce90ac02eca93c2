package store

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestPaceKeepsAShare: of many that want to start at once, each has its turn, so far apart as its share asks, and none
// waits longer than is said.
func TestPaceKeepsAShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pace{took: 5 * time.Millisecond}
		start := time.Now()
		var wg sync.WaitGroup
		waited := make([]time.Duration, 40)
		for i := range waited {
			wg.Go(func() {
				p.rest(context.Background())
				waited[i] = time.Since(start)
			})
		}
		wg.Wait()
		turns := map[time.Duration]int{}
		for _, d := range waited {
			turns[d]++
		}
		for n := range 16 {
			if at := time.Duration(n) * 15 * time.Millisecond; turns[at] != 1 {
				t.Errorf("%d started after %v", turns[at], at)
			}
		}
		if turns[paceMost] != 24 {
			t.Errorf("%d waited the longest, in %v", turns[paceMost], turns)
		}
	})
}

// TestPaceLearns: what transactions took lately decides, a long one counts little more than a short one.
func TestPaceLearns(t *testing.T) {
	p := &pace{}
	for range 100 {
		p.note(time.Hour)
	}
	if p.took < tookMost*9/10 || p.took > tookMost {
		t.Errorf("took %v", p.took)
	}
	for range 100 {
		p.note(0)
	}
	if p.took > time.Millisecond {
		t.Errorf("took %v", p.took)
	}
}

// TestPaceOnlyWhileSomebodyWaits: without a request under way nothing rests.
func TestPaceOnlyWhileSomebodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pace{kept: true, took: tookMost, next: time.Now().Add(time.Hour)}
		start := time.Now()
		p.enter(context.Background())()
		if time.Since(start) != 0 {
			t.Errorf("waited %v", time.Since(start))
		}
	})
}

// TestPaceIsNotKept: where no share is kept, nothing rests and nothing is learned.
func TestPaceIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pace{took: tookMost, next: time.Now().Add(time.Hour)}
		p.waiting.Add(1)
		start := time.Now()
		leave := p.enter(context.Background())
		time.Sleep(time.Second)
		leave()
		if time.Since(start) != time.Second || p.took != tookMost {
			t.Errorf("waited %v, took %v", time.Since(start)-time.Second, p.took)
		}
	})
}
