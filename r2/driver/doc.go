// Package driver is what the rules of R2 and a store of its objects have in common: the
// interfaces Backend (all buckets of a store) and Bucket (the objects of one), and the
// vocabulary of both: objects and their metadata, conditions, ranges, checksums, encryption
// with the client's key, parts of an upload, pages of a list, and the errors and limits that
// a driver meets.
//
// Checked requests come in; what goes out is durable. A driver knows no other driver and
// nothing of who asks. r2/disk and r2/s3 are the two drivers.
package driver
