// Alarms: setting, reading, firing and retrying.
import { DurableObject } from "cloudflare:workers";
import { each, routes } from "../../lib.js";

export class Alarmed extends DurableObject {
	async run(test) {
		const s = this.ctx.storage;
		if (test === "api") return each({
			none: () => s.getAlarm(), set: async () => { const at = Date.now() + 60_000; await s.setAlarm(at); return (await s.getAlarm()) === at; }, date: async () => { await s.setAlarm(new Date(Date.now() + 60_000)); return typeof (await s.getAlarm()); },
			delete: async () => { await s.deleteAlarm(); return s.getAlarm(); }, zero: () => s.setAlarm(0), negative: () => s.setAlarm(-5),
			deleteAll: async () => { await s.setAlarm(Date.now() + 60_000); await s.deleteAll(); return typeof (await s.getAlarm()); },
		});
		if (test === "options") return each({ // and what a transaction does with an alarm
			past: async () => { await s.setAlarm(1); const at = await s.getAlarm(); await s.deleteAlarm(); return at === null ? null : at <= Date.now(); }, confirmed: async () => { await s.setAlarm(Date.now() + 60_000, { allowConcurrency: true, allowUnconfirmed: true }); return typeof (await s.getAlarm({ allowConcurrency: true })); }, deleteOptions: async () => { await s.deleteAlarm({ allowConcurrency: true, allowUnconfirmed: true }); return s.getAlarm(); },
			last: async () => { const at = Date.now() + 90_000; await s.setAlarm(Date.now() + 60_000); await s.setAlarm(at); return (await s.getAlarm()) === at; }, text: () => s.setAlarm("soon"), invalid: () => s.setAlarm(new Date(NaN)), none: () => s.setAlarm(),
			transaction: async () => { await s.deleteAlarm(); await s.transaction(async (t) => { await t.setAlarm(Date.now() + 60_000); }); return typeof (await s.getAlarm()); }, rolledBack: async () => { await s.deleteAlarm(); await s.transaction(async (t) => { await t.setAlarm(Date.now() + 60_000); t.rollback(); }); return s.getAlarm(); }, deleted: async () => { await s.setAlarm(Date.now() + 60_000); await s.transaction(async (t) => { await t.deleteAlarm(); }); return s.getAlarm(); },
		});
		if (test === "in") { await s.setAlarm(Date.now() + 60_000); return { milliseconds: (await s.getAlarm()) - Date.now() }; }
		if (test === "again") await s.put("left", 2);
		await s.put("mode", test);
		await s.setAlarm(Date.now() + 100);
		return "set";
	}
	async alarm(info) {
		const s = this.ctx.storage;
		const fired = (await s.get("fired")) ?? [];
		fired.push([info.retryCount, info.isRetry, (await s.getAlarm()) === null]);
		await s.put("fired", fired);
		const left = (await s.get("left")) ?? 0;
		if (left > 0) { await s.put("left", left - 1); await s.setAlarm(Date.now() + 50); }
		if ((await s.get("mode")) === "retry" && info.retryCount < 1) { await s.sync(); throw new Error("the first try fails"); }
	}
	async fired() { return (await this.ctx.storage.get("fired")) ?? []; }
}
const on = (name) => ({ env }) => env.OBJECT.getByName(name).run(name);
const fired = (name) => ({ env }) => env.OBJECT.getByName(name).fired();

export default {
	fetch: routes({
		"/api": on("api"),
		"/set": on("once"),
		"/fired": fired("once"), // until
		"/set-retry": on("retry"),
		"/fired-retry": fired("retry"), // until
		"/options": on("options"), // @ options, and alarms in a transaction
		"/in": on("in"), // @ milliseconds from now
		"/set-again": on("again"),
		"/fired-again": fired("again"), // until
	}),
};
