package loophttp

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all turns
		var going []*turn
		for range maxTurns {
			going = append(going, all.take(t.Context()))
		}
		order := make(chan int, 3)
		next := make(chan *turn, 3)
		for i := range 2 {
			go func() {
				n := all.take(t.Context())
				order <- i
				next <- n
			}()
			synctest.Wait()
		}
		if len(order) > 0 {
			t.Fatal("more than the most go at once")
		}
		for i := range 2 {
			going[i].over()
			if first := <-order; first != i {
				t.Errorf("%d came before %d", first, i)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cut := make(chan *turn)
		go func() { cut <- all.take(ctx) }()
		synctest.Wait()
		cancel()
		if n := <-cut; n != nil {
			t.Error("a turn was given to nobody")
		}
		for _, n := range append(going, <-next, <-next) {
			n.over()
			n.over() // a second time does nothing
		}
		if all.going.Len() != 0 || all.waiting.Len() != 0 {
			t.Errorf("%d go and %d wait in the end", all.going.Len(), all.waiting.Len())
		}
	})
}

func TestSlowTurnsAreLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all turns
		var slow []*turn
		for range maxTurns {
			slow = append(slow, all.take(t.Context()))
			time.Sleep(time.Millisecond)
		}
		begun := time.Now()
		for i := range maxTurns {
			all.take(t.Context())
			if want := maxTurn - maxTurns*time.Millisecond + time.Duration(i)*time.Millisecond; time.Since(begun) != want {
				t.Errorf("turn %d came after %s, want %s", i, time.Since(begun), want)
			}
		}
		for _, n := range slow {
			n.over() // it was lost: nobody else's ends
		}
		if all.going.Len() != maxTurns {
			t.Errorf("%d go", all.going.Len())
		}
	})
}
