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
		"/batch": async ({ env }) => {
			const s = env.DB.withSession();
			const out = await s.batch([s.prepare("SELECT 1 AS a"), s.prepare("SELECT 2 AS b")]);
			return out.map((r) => r.results);
		},
		"/api": ({ env }) => Object.getOwnPropertyNames(Object.getPrototypeOf(env.DB.withSession())).sort(),
	}),
};
