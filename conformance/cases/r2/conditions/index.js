// Conditional reads and writes.
import { each, routes } from "../../lib.js";

const etag = "e8dc4081b13434b45189a720b77b6818"; // MD5 of "abcdefgh"
const other = "0".repeat(32);
const minute = 60_000;
const got = async (p) => { const o = await p; return o === null ? null : o.body ? await o.text() : "object without body"; };
const get = (env, onlyIf) => () => got(env.BUCKET.get("c", { onlyIf }));
const put = (env, onlyIf) => async () => { const o = await env.BUCKET.put("c", "abcdefgh", { onlyIf }); return o === null ? null : "written"; };
const at = (ms) => new Date(Date.now() + ms);

export default {
	fetch: routes({
		"/create": async ({ env }) => (await env.BUCKET.put("c", "abcdefgh")).etag,
		"/get-etag": ({ env }) => each({ matches: get(env, { etagMatches: etag }), matchesOther: get(env, { etagMatches: other }), not: get(env, { etagDoesNotMatch: etag }), notOther: get(env, { etagDoesNotMatch: other }) }),
		"/get-star": ({ env }) => each({ matches: get(env, { etagMatches: "*" }), not: get(env, { etagDoesNotMatch: "*" }) }),
		"/get-date": ({ env }) => each({ before: get(env, { uploadedBefore: at(minute) }), beforePast: get(env, { uploadedBefore: at(-minute) }), after: get(env, { uploadedAfter: at(-minute) }), afterFuture: get(env, { uploadedAfter: at(minute) }) }),
		"/get-both": ({ env }) => each({ // @ what wins when two conditions are given
			matchAndBefore: get(env, { etagMatches: etag, uploadedBefore: at(-minute) }), notAndAfter: get(env, { etagDoesNotMatch: other, uploadedAfter: at(minute) }), notMatchAndAfter: get(env, { etagDoesNotMatch: etag, uploadedAfter: at(-minute) }),
		}),
		"/get-headers": ({ env }) => each({ // @ conditions from a request's headers
			match: get(env, new Headers({ "if-match": `"${etag}"` })), matchOther: get(env, new Headers({ "if-match": `"${other}"` })), none: get(env, new Headers({ "if-none-match": `"${etag}"` })),
			list: get(env, new Headers({ "if-none-match": `"x", "${etag}"` })), weak: get(env, new Headers({ "if-none-match": `W/"${etag}"` })), weakMatch: get(env, new Headers({ "if-match": `W/"${etag}"` })),
			star: get(env, new Headers({ "if-none-match": "*" })), since: get(env, new Headers({ "if-modified-since": at(minute).toUTCString() })), unmodified: get(env, new Headers({ "if-unmodified-since": at(-minute).toUTCString() })), empty: get(env, new Headers()),
		}),
		"/get-missing": ({ env }) => each({ matches: () => got(env.BUCKET.get("none", { onlyIf: { etagMatches: etag } })), not: () => got(env.BUCKET.get("none", { onlyIf: { etagDoesNotMatch: etag } })) }),
		"/put-etag": ({ env }) => each({ matches: put(env, { etagMatches: etag }), matchesOther: put(env, { etagMatches: other }), not: put(env, { etagDoesNotMatch: etag }), notOther: put(env, { etagDoesNotMatch: other }) }),
		"/put-date": ({ env }) => each({ before: put(env, { uploadedBefore: at(minute) }), beforePast: put(env, { uploadedBefore: at(-minute) }), after: put(env, { uploadedAfter: at(-minute) }), afterFuture: put(env, { uploadedAfter: at(minute) }) }),
		"/put-new": ({ env }) => each({ // @ conditions on an object that is not there
			createOnly: async () => (await env.BUCKET.put("new", "1", { onlyIf: new Headers({ "if-none-match": "*" }) })) === null, again: async () => (await env.BUCKET.put("new", "2", { onlyIf: new Headers({ "if-none-match": "*" }) })) === null,
			matches: async () => (await env.BUCKET.put("new2", "1", { onlyIf: { etagMatches: etag } })) === null, not: async () => (await env.BUCKET.put("new3", "1", { onlyIf: { etagDoesNotMatch: etag } })) === null, after: async () => (await env.BUCKET.put("new4", "1", { onlyIf: { uploadedAfter: at(-minute) } })) === null,
			before: async () => (await env.BUCKET.put("new5", "1", { onlyIf: { uploadedBefore: at(-minute) } })) === null, kept: async () => (await env.BUCKET.get("new")).text(),
		}),
		"/quoted": ({ env }) => each({ get: get(env, { etagMatches: `"${etag}"` }), put: put(env, { etagDoesNotMatch: `"${etag}"` }), star: put(env, { etagDoesNotMatch: "*" }) }), // @ an ETag with quotes is refused
	}),
};
