package d1

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"flint/internal/clock"
	"flint/internal/testkit"
)

const crashFrames = 30 // in the log before it is archived: kills fall into that too

func openCrashing(dir string) (*Store, *Database, error) {
	s, err := Open(Options{Dir: dir, Clock: clock.NewFrozen(testTime), checkpointFrames: crashFrames, minChainBytes: 100_000})
	if err != nil {
		return nil, nil, err
	}
	db, err := s.Database("db")
	return s, db, err
}

// summary is short, and tells the states of the crash test apart.
func summary(db *Database) (string, error) {
	r, err := db.Query(context.Background(), []Statement{{SQL: "SELECT count(*), total(n) FROM t"}})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%v:%v", r[0].Rows[0]...), nil
}

// crashTraveller is the process that TestKillInMidRestore kills. It writes and
// restores for ever. Before each step it prints which state that will lead to,
// afterwards the bookmark of that state.
func crashTraveller(dir string) {
	ctx := context.Background()
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	_, db, err := openCrashing(dir)
	must(err)
	_, err = db.Exec(ctx, "CREATE TABLE t (n INTEGER, fill BLOB); CREATE INDEX tn ON t (n)")
	must(err)
	var bookmarks, states []string
	for n := 1; ; n++ {
		now, err := summary(db)
		must(err)
		bookmarks, states = append(bookmarks, db.Bookmark()), append(states, now)
		fmt.Println("is", db.Bookmark(), now)
		if i := rand.IntN(len(states)); n%3 == 0 {
			fmt.Println("try", states[i])
			_, err = db.Restore(ctx, bookmarks[i])
		} else {
			count, total, _ := strings.Cut(now, ":")
			c, _ := strconv.Atoi(count)
			sum, _ := strconv.ParseFloat(total, 64)
			fmt.Printf("try %d:%v\n", c+20, sum+float64(20*n))
			_, err = db.Exec(ctx, fmt.Sprintf("INSERT INTO t WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 20) SELECT %d, randomblob(3000) FROM r", n))
		}
		must(err)
	}
}

// TestKillInMidRestore kills a process that writes, archives and restores: the
// state is then the one before the last step or the one after it, and every
// bookmark that was given out still leads to its state.
func TestKillInMidRestore(t *testing.T) {
	t.Parallel()
	for _, after := range []int{2, 3, 5, 9, 12, 15, 21, 30} {
		t.Run(strconv.Itoa(after), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			bookmarks, states, tried := travelAndKill(t, dir, after)
			s, db, err := openCrashing(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			integrity(t, db)
			is, err := summary(db)
			if last := states[len(states)-1]; err != nil || is != last && is != tried {
				t.Errorf("state %s, %v; before the kill it was %s, on its way to %s", is, err, last, tried)
			}
			for i, b := range bookmarks {
				r, err := db.Restore(context.Background(), b)
				if err != nil {
					t.Fatalf("bookmark %d of %d: %v", i, len(bookmarks), err)
				}
				if is, err := summary(db); err != nil || is != states[i] || r.Bookmark <= b {
					t.Errorf("bookmark %d: state %s, want %s; %v; %+v", i, is, states[i], err, r)
				}
			}
			integrity(t, db)
		})
	}
}

// travelAndKill runs the traveller, kills it in the step after so many states,
// and tells what it said.
func travelAndKill(t *testing.T, dir string, after int) (bookmarks, states []string, tried string) {
	t.Helper()
	testkit.KillWhen(t, testkit.Child(t, []string{"FLINT_D1_PAST_DIR=" + dir}), func(line string) bool {
		words := strings.Fields(line)
		switch {
		case words[0] == "is":
			bookmarks, states = append(bookmarks, words[1]), append(states, words[2])
		case words[0] == "try":
			tried = words[1]
			if len(states) == after {
				for range rand.IntN(200_000) { // somewhere in the step
					_ = rand.Int()
				}
				return true
			}
		}
		return false
	})
	return bookmarks, states, tried
}
