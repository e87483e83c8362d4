package history

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
)

// Position is a committed state of a database: the log (by the salt in its
// header), how many frames of it, and the checksum that runs over all of them,
// which no other state has. epoch and gen put the logs in order: openings of
// the database, and logs begun since.
// https://developers.cloudflare.com/d1/reference/time-travel/#bookmarks
type Position struct {
	epoch, gen, frame uint32
	salt              [8]byte
	sum               [2]uint32
}

// String is the position as a bookmark. Bookmarks sort as commits follow each
// other.
func (p Position) String() string {
	var id [16]byte
	copy(id[:], p.salt[:])
	binary.BigEndian.PutUint32(id[8:], p.sum[0])
	binary.BigEndian.PutUint32(id[12:], p.sum[1])
	return fmt.Sprintf("%08x-%08x-%08x-%x", p.epoch, p.gen, p.frame, id[:])
}

// ParseBookmark reads a bookmark, and reports whether it is one.
func ParseBookmark(s string) (p Position, ok bool) {
	const form = "00000000-00000000-00000000-00000000000000000000000000000000"
	if len(s) != len(form) || s[8] != '-' || s[17] != '-' || s[26] != '-' {
		return p, false
	}
	for i, to := range []*uint32{&p.epoch, &p.gen, &p.frame} {
		n, err := strconv.ParseUint(s[9*i:9*i+8], 16, 32)
		if err != nil {
			return p, false
		}
		*to = uint32(n)
	}
	id, err := hex.DecodeString(s[27:])
	if err != nil {
		return p, false
	}
	copy(p.salt[:], id)
	p.sum = [2]uint32{binary.BigEndian.Uint32(id[8:]), binary.BigEndian.Uint32(id[12:])}
	return p, p.String() == s // one spelling for each
}
