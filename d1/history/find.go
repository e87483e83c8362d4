package history

import (
	"errors"
	"math"
	"os"
	"time"
)

// point is a state in the history: a commit of a block, or a base (block -1).
type point struct {
	Position
	Chain *chain
	Block int
	ms    int64
}

// Find looks for the state that a bookmark names; nil: there is none.
func (h *History) Find(pos Position) (*point, error) {
	chains := h.chains()
	for i := len(chains) - 1; i >= 0; i-- {
		c := chains[i]
		if err := c.loadOnce(); err != nil {
			return nil, err
		}
		if c.damaged {
			continue
		}
		if c.base.position() == pos {
			return &point{pos, c, -1, c.base.Time}, nil
		}
		for j := range c.blocks {
			b := &c.blocks[j]
			if b.Salt != pos.salt || pos.frame < b.First || pos.frame > b.Last {
				continue
			}
			commits, err := c.commits(j)
			if err != nil {
				return nil, err
			}
			for _, m := range commits {
				if p := b.commit(m); p == pos {
					return &point{p, c, j, m.ms}, nil
				}
			}
		}
	}
	return nil, nil
}

// commit is the position of a commit of a block.
func (b *block) commit(m commitMark) Position {
	return Position{b.Epoch, b.Gen, m.frame, b.Salt, m.sum}
}

// At finds the last commit by a moment; nil, and when the history begins, if
// there was none.
func (h *History) At(ms int64) (p *point, begin time.Time, err error) {
	chains := h.chains()
	for i := len(chains) - 1; i >= 0; i-- {
		c := chains[i]
		if err := c.loadOnce(); err != nil {
			return nil, begin, err
		}
		if c.damaged {
			continue
		}
		for j := len(c.blocks) - 1; j >= 0; j-- {
			b := &c.blocks[j]
			if b.Start > ms {
				continue
			}
			commits, err := c.commits(j)
			if err != nil {
				return nil, begin, err
			}
			for k := len(commits) - 1; k >= 0; k-- {
				if m := commits[k]; m.ms <= ms {
					return &point{b.commit(m), c, j, m.ms}, begin, nil
				}
			}
		}
		if c.base.Time <= ms {
			return &point{c.base.position(), c, -1, c.base.Time}, begin, nil
		}
		begin = time.UnixMilli(c.base.Time).UTC()
	}
	return nil, begin, nil
}

// Until is when a state was followed by another one: the time of the next
// commit. It is in the far future for the state that is there now.
func (h *History) Until(p *point) (int64, error) {
	end, from := p.Position, p.Block
	for _, c := range h.chains() {
		if c.n < p.Chain.n || c.damaged {
			continue
		}
		if c.n > p.Chain.n {
			if c.base.position() != end {
				return c.base.Time, nil
			}
			from = 0
		}
		if err := c.loadOnce(); err != nil {
			return 0, err
		}
		for j := max(from, 0); j < len(c.blocks); j++ {
			commits, err := c.commits(j)
			if err != nil {
				return 0, err
			}
			for _, m := range commits {
				if c != p.Chain || j > p.Block || m.frame > p.frame {
					return m.ms, nil
				}
			}
		}
	}
	return math.MaxInt64, nil
}

// Previous is the last state but one; nil if the newest chain has none.
func (h *History) Previous() *Position {
	if h.chain == nil {
		return nil
	}
	seen := 0
	for j := len(h.chain.blocks) - 1; j >= 0; j-- {
		commits, err := h.chain.commits(j)
		if err != nil {
			return nil
		}
		if seen+len(commits) >= 2 {
			p := h.chain.blocks[j].commit(commits[len(commits)-2+seen])
			return &p
		}
		seen += len(commits)
	}
	if p := h.chain.base.position(); seen == 1 {
		return &p
	}
	return nil
}

// loadOnce reads the heads of an old chain's log.
func (c *chain) loadOnce() error {
	if c.loaded {
		return nil
	}
	_, err := c.load()
	return err
}

// commits reads the commits of a block.
func (c *chain) commits(j int) ([]commitMark, error) {
	f, err := os.Open(c.path(".log"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := &c.blocks[j]
	meta := make([]byte, b.MetaLen)
	if _, err := f.ReadAt(meta, b.at); err != nil {
		return nil, errors.Join(ErrDamaged, err)
	}
	return b.recordHead.commits(meta)
}
