// Package s3 is the driver of R2 that keeps objects in MinIO or any S3 store, by minio-go: an
// S3 bucket for each bucket, with .flint/bucket.json in it.
//
// What S3 has a header for is in that header; the rest of the metadata is JSON in
// x-amz-meta-flint (meta.go). A key with a dot behind its last slash and none before
// (images/2026/cat.png) is the object's name. Other keys are in hex below .flint/k/, which
// sorts alike, and those of more than 480 bytes below .flint/h/ by their hash, because
// MinIO refuses some names and of objects a and a/b lists only the first (keys.go). A
// list merges the three (list.go). MinIO lists metadata too; other stores are asked for
// each object's.
//
// What S3 cannot do as R2 does:
//
//   - A put under If-Match: ETAG or If-None-Match: * carries that condition. Of any
//     other condition flint looks at the object that is there and has the store
//     replace that one, or none: who loses a race gets "a pre-condition did not hold".
//     A copy's destination is only looked at before.
//   - A store keeps 2 KiB of metadata with an object, after flint's own. More is
//     refused with R2's error 10012.
//   - Deleting several keys is one request, but not all or none.
//   - When an upload in parts was completed is known to the store only, in seconds by
//     its clock. What part times say is the store's clock, too.
//   - MinIO has no class for InfrequentAccess; flint then keeps the class in the
//     metadata only. It lists uploads that began since it started.
//   - An upload completed with no parts has the ETag of one empty part.
//   - Objects that other programs put are served if their names are of the plain form
//     above.
//   - Content whose length or checksum nobody knows is first written to a file, which
//     has no name and goes with the request: S3 wants both before it.
//   - The store keeps the checksums of uploads in parts. MinIO makes none of parts
//     that it copies, so those pass through flint. A list does not tell them.
//   - partNumber of a GET counts the parts of an object from 1. Of an upload that left
//     numbers out, MinIO knows the parts by the numbers that they had.
//   - Encryption with the client's key is refused by name.
//   - S3 finds objects by name only, so a lifecycle rule lists all below its prefix
//     whenever something is due. It looks at each object again just before it deletes
//     it, but S3 has no condition for that.
package s3
