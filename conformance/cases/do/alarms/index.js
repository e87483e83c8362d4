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
		await s.put("mode", test);
		await s.setAlarm(Date.now() + 100);
		return "set";
	}
	async alarm(info) {
		const s = this.ctx.storage;
		const fired = (await s.get("fired")) ?? [];
		fired.push([info.retryCount, info.isRetry, (await s.getAlarm()) === null]);
		await s.put("fired", fired);
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
	}),
};
