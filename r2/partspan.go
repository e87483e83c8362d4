package r2

import "context"

// PartSpan finds where in an object the part of a number is, in the order of
// the upload and counted from 1, and how many parts there are: 0 of an object
// that was put whole. Of a number past the last one the span is empty.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (b *Bucket) PartSpan(ctx context.Context, key string, number int) (Span, int, error) {
	if err := checkKey(key); err != nil {
		return Span{}, 0, err
	}
	return b.driver.partSpan(ctx, key, number)
}

func (b *diskBucket) partSpan(_ context.Context, key string, number int) (found Span, count int, err error) {
	r, err := b.row(key)
	if err != nil {
		return found, 0, err
	}
	if r.place != placeParts {
		if number == 1 {
			found.Length = r.o.Size
		}
		return found, 0, nil
	}
	rows, err := b.stmts.parts.Query(r.o.Version)
	if err != nil {
		return found, 0, err
	}
	defer rows.Close()
	var offset int64
	for rows.Next() {
		var blob string
		var size int64
		if err := rows.Scan(&blob, &size); err != nil {
			return found, 0, err
		}
		if count++; count == number {
			found = Span{offset, size}
		}
		offset += size
	}
	return found, count, rows.Err()
}
