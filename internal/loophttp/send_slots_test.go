package loophttp

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestSendSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var slots sendSlots
		var granted []*sendSlot
		for range maxSlots {
			granted = append(granted, slots.acquire(t.Context()))
		}
		gotSlot := make(chan int, 3)
		next := make(chan *sendSlot, 3)
		for i := range 2 {
			go func() {
				n := slots.acquire(t.Context())
				gotSlot <- i
				next <- n
			}()
			synctest.Wait()
		}
		if len(gotSlot) > 0 {
			t.Fatal("more slots than maxSlots were granted")
		}
		for i := range 2 {
			granted[i].release()
			if first := <-gotSlot; first != i {
				t.Errorf("%d came before %d", first, i)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancelled := make(chan *sendSlot)
		go func() { cancelled <- slots.acquire(ctx) }()
		synctest.Wait()
		cancel()
		if n := <-cancelled; n != nil {
			t.Error("a slot was granted after the context ended")
		}
		for _, n := range append(granted, <-next, <-next) {
			n.release()
			n.release() // does nothing
		}
		if slots.granted.Len() != 0 || slots.waiters.Len() != 0 {
			t.Errorf("%d slots are granted and %d wait at the end", slots.granted.Len(), slots.waiters.Len())
		}
	})
}

func TestSlotsExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var slots sendSlots
		var slow []*sendSlot
		for range maxSlots {
			slow = append(slow, slots.acquire(t.Context()))
			time.Sleep(time.Millisecond)
		}
		begun := time.Now()
		for i := range maxSlots {
			slots.acquire(t.Context())
			if want := maxSlotTime - maxSlots*time.Millisecond + time.Duration(i)*time.Millisecond; time.Since(begun) != want {
				t.Errorf("slot %d was granted after %s, want %s", i, time.Since(begun), want)
			}
		}
		for _, n := range slow {
			n.release() // it was revoked: no other slot is freed
		}
		if slots.granted.Len() != maxSlots {
			t.Errorf("%d slots are granted", slots.granted.Len())
		}
	})
}
