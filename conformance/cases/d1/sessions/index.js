// Sessions and bookmarks.
import { each, routes } from "../../lib.js";

export default {
	fetch: routes({
		"/default": async ({ env }) => {
			const s = env.DB.withSession();
			const before = s.getBookmark();
			await s.prepare("CREATE TABLE IF NOT EXISTS s (a)").run();
			return { before, after: typeof s.getBookmark(), rows: (await s.prepare("SELECT * FROM s").all()).results };
		},
		"/constraints": ({ env }) => each({
			primary: () => env.DB.withSession("first-primary").prepare("SELECT 1 AS a").first(),
			unconstrained: () => env.DB.withSession("first-unconstrained").prepare("SELECT 1 AS a").first(),
			empty: () => env.DB.withSession("").prepare("SELECT 1 AS a").first(),
			other: () => env.DB.withSession("not-a-bookmark").prepare("SELECT 1 AS a").first(),
		}),
		"/bookmark-used": async ({ env }) => { // @ a bookmark of one session begins the next
			const one = env.DB.withSession("first-primary");
			await one.prepare("INSERT INTO s VALUES (1)").run();
			const two = env.DB.withSession(one.getBookmark());
			const kept = two.getBookmark() === one.getBookmark();
			return { kept, rows: (await two.prepare("SELECT a FROM s").all()).results };
		},
		"/bookmark-grows": async ({ env }) => {
			const s = env.DB.withSession("first-primary");
			await s.prepare("SELECT 1").run();
			const a = s.getBookmark();
			await s.prepare("INSERT INTO s VALUES (2)").run();
			const b = s.getBookmark();
			return { grows: b > a, parts: b.split("-").map((p) => p.length) };
		},
		"/bookmark-rises": async ({ env }) => { // @ every write has a later bookmark, a read and a refused write have no earlier one
			const s = env.DB.withSession("first-primary");
			const seen = [];
			for (let i = 0; i < 5; i++) {
				await s.prepare("INSERT INTO s VALUES (?)").bind(i).run();
				seen.push(s.getBookmark());
			}
			const last = s.getBookmark();
			await s.prepare("SELECT * FROM s").all();
			const read = s.getBookmark() >= last;
			await s.prepare("INSERT INTO nowhere VALUES (1)").run().catch(() => {});
			const refused = s.getBookmark() >= last;
			const rises = seen.every((b, i) => i === 0 || (b > seen[i - 1] && b.localeCompare(seen[i - 1]) > 0));
			return { rises, read, refused };
		},
		"/bookmark-of-a-batch": async ({ env }) => { // @ a batch is one state; one that fails is none
			const s = env.DB.withSession("first-primary");
			await s.prepare("INSERT INTO s VALUES (1)").run();
			const one = s.getBookmark();
			await s.batch([s.prepare("INSERT INTO s VALUES (1)"), s.prepare("INSERT INTO s VALUES (2)")]);
			const two = s.getBookmark();
			await s.batch([s.prepare("INSERT INTO s VALUES (1)"), s.prepare("INSERT INTO nowhere VALUES (2)")]).catch(() => {});
			return { rises: two > one, failed: s.getBookmark() === two };
		},
		"/bookmark-later": async ({ env }) => { // @ a session never goes back behind the bookmark that it was given
			const far = "ffffffff-ffffffff-ffffffff-ffffffffffffffffffffffffffffffff";
			const s = env.DB.withSession(far);
			const row = await s.prepare("SELECT 1 AS a").first();
			return { row, kept: s.getBookmark() === far };
		},
		"/bookmarks-of-two": async ({ env }) => { // @ what one session wrote, the next one has behind it
			const [one, two] = [env.DB.withSession(), env.DB.withSession()];
			await one.prepare("INSERT INTO s VALUES (7)").run();
			await two.prepare("SELECT 1").run();
			return { behind: two.getBookmark() >= one.getBookmark() };
		},
		"/batch": async ({ env }) => {
			const s = env.DB.withSession();
			const out = await s.batch([s.prepare("SELECT 1 AS a"), s.prepare("SELECT 2 AS b")]);
			return out.map((r) => r.results);
		},
		"/api": ({ env }) => Object.getOwnPropertyNames(Object.getPrototypeOf(env.DB.withSession())).sort(),
	}),
};
