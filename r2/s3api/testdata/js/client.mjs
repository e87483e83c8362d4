// Uses an S3 endpoint as an application does: the AWS SDK with its defaults.
// Prints "ok" when every answer was right.
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import {
  CopyObjectCommand, CreateBucketCommand, DeleteObjectsCommand, GetObjectCommand, HeadObjectCommand, ListBucketsCommand,
  ListObjectsV2Command, PutObjectCommand, S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const [endpoint, accessKeyId, secretAccessKey] = process.argv.slice(2);
const s3 = new S3Client({ region: "auto", endpoint, forcePathStyle: true, credentials: { accessKeyId, secretAccessKey } });
const Bucket = "from-js";

await s3.send(new CreateBucketCommand({ Bucket }));
assert.deepEqual((await s3.send(new ListBucketsCommand({}))).Buckets.map((b) => b.Name), [Bucket]);

const Key = "späce/a+b & c.txt";
const put = await s3.send(new PutObjectCommand({ Bucket, Key, Body: "hello", ContentType: "text/plain", Metadata: { who: "me" } }));
assert.equal(put.ETag, '"5d41402abc4b2a76b9719d911017c592"');
assert.equal(put.ChecksumCRC32, "NhCmhg==");
const get = await s3.send(new GetObjectCommand({ Bucket, Key }));
assert.equal(await get.Body.transformToString(), "hello");
assert.equal(get.ContentType, "text/plain");
assert.deepEqual(get.Metadata, { who: "me" });
const range = await s3.send(new GetObjectCommand({ Bucket, Key, Range: "bytes=1-3" }));
assert.equal(await range.Body.transformToString(), "ell");

// A stream travels in chunks, with its checksum behind it.
const words = Buffer.from("a body that is a stream. ".repeat(10_000));
const stream = await s3.send(new PutObjectCommand({ Bucket, Key: "stream", Body: Readable.from([words.subarray(0, 99), words.subarray(99)]), ContentLength: words.length }));
assert.ok(stream.ChecksumCRC32);
const back = await s3.send(new GetObjectCommand({ Bucket, Key: "stream" }));
assert.deepEqual(Buffer.from(await back.Body.transformToByteArray()), words);
assert.equal(back.ContentEncoding, undefined);

await s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource: encodeURIComponent(`${Bucket}/${Key}`) }));
assert.equal((await s3.send(new HeadObjectCommand({ Bucket, Key: "copy" }))).ContentLength, 5);

const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60 });
assert.equal(await (await fetch(url)).text(), "hello");
const putURL = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: "presigned" }), { expiresIn: 60 });
assert.equal((await fetch(putURL, { method: "PUT", body: "sent" })).status, 200);
assert.equal((await fetch(putURL.replace("presigned", "other"), { method: "PUT", body: "sent" })).status, 403);

const data = Buffer.alloc(30 * 1024 * 1024);
for (let i = 0; i < data.length; i++) data[i] = (i * 31 + (i >> 11)) & 255;
const up = await new Upload({ client: s3, params: { Bucket, Key: "big", Body: data }, partSize: 8 * 1024 * 1024 }).done();
assert.match(up.ETag, /-4"$/);
const big = await s3.send(new GetObjectCommand({ Bucket, Key: "big" }));
assert.ok(Buffer.from(await big.Body.transformToByteArray()).equals(data), "the big object differs");

const list = await s3.send(new ListObjectsV2Command({ Bucket }));
assert.deepEqual(list.Contents.map((o) => o.Key), ["big", "copy", "presigned", Key, "stream"]);
const gone = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: list.Contents.map(({ Key }) => ({ Key })) } }));
assert.equal(gone.Deleted.length, 5);
await assert.rejects(s3.send(new GetObjectCommand({ Bucket, Key })), { name: "NoSuchKey" });
console.log("ok");
