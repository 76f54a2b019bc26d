const PLURALS = ["categories", "brands", "order_statuses", "products", "customers", "orders"];
const PLAN_SECONDS = 4;

frappe.ui.form.on("Store Account", {
	platform: name_fields,
	refresh(frm) {
		name_fields(frm);
		if (frm.is_new()) return;
		show_problems(frm);
		show_test(frm);
		show_webhook_address(frm);
		if (frm.doc.platform === "WooCommerce") {
			frm.add_custom_button(__("Test Connection"), () => test_connection(frm));
		}
		if (frappe.model.can_write("Sync Run")) {
			frm.add_custom_button(__("Sync Now"), () => sync_now(frm));
		}
		show_days_left(frm);
		frm.add_custom_button(__("Pull Now"), () => ask_and_pull(frm));
		if (frappe.model.can_write("Sync Run")) {
			frm.add_custom_button(__("Plan Backfill"), () => ask_and_plan(frm));
		}
		if (frm.doc.platform !== "Salla" && !frm.doc.webhook_secret) return;
		frm.add_custom_button(__("Check Webhooks"), () => call(frm, "check_webhooks"));
		if (!frm.perm[0]?.write) return;
		frm.add_custom_button(__("Repair Webhooks"), () => confirm_repair(frm));
		if (frm.doc.platform === "Salla") {
			frm.add_custom_button(__("Connect to Salla"), () => connect(frm));
		}
	},
});

function name_fields(frm) {
	const is_woo = frm.doc.platform === "WooCommerce";
	frm.set_df_property("base_url", "label", is_woo ? __("Shop URL") : __("API URL"));
	frm.set_df_property("merchant_id", "label", is_woo ? __("Known As") : __("Merchant ID"));
	// An address reads from the left, whatever the language of the screen.
	for (const name of ["base_url", "merchant_id"]) {
		frm.get_field(name).$wrapper.find("input, .control-value").attr("dir", "ltr");
	}
}

function test_connection(frm) {
	frappe
		.call({
			method: "salla_manager.api.connectors.test_connection",
			args: { name: frm.doc.name },
			freeze: true,
			freeze_message: __("The shop is being asked."),
		})
		.then(({ message }) => {
			salla_checklist.show({ ok: message.ok, rows: message.steps });
			frm.reload_doc();
		});
}

function sync_now(frm) {
	frappe
		.call({ method: "salla_manager.api.connectors.sync", args: { name: frm.doc.name }, freeze: true })
		.then(({ message }) => frappe.set_route("Form", "Sync Run", message.run));
}

function show_test(frm) {
	const rows = JSON.parse(frm.doc.test_steps || "[]");
	frm.get_field("test_table").$wrapper.html(rows.length ? salla_checklist.table(rows) : "");
}

function show_webhook_address(frm) {
	const url = frm.doc.__onload?.webhook_url;
	const topics = frm.doc.__onload?.webhook_topics || [];
	const html = url
		? `<p>${__("Webhooks of the shop go to this address, with the Webhook Secret. They only make it faster: without them each look finds what changed.")}</p>
			<p><code dir="ltr" style="word-break: break-all">${frappe.utils.escape_html(url)}</code></p>
			<p class="text-muted">${__("Topics")}: <bdi>${topics.join(", ")}</bdi></p>`
		: `<p>${__("Say in Salla Manager Settings, as Hub URL, where this hub can be reached.")}</p>`;
	frm.get_field("webhook_address").$wrapper.html(html);
}

function show_problems(frm) {
	const told = [
		[frm.doc.last_sync_error, __("Last Error")],
		[frm.doc.access_alarm || frm.doc.token_error, __("Access Problem")],
		[frm.doc.silence, __("Silence")],
		[frm.doc.webhook_problem, __("Webhook Problem")],
		[frm.doc.shop_problem, __("Currency and VAT to Be Settled")],
	].filter(([text]) => text);
	if (!told.length) return;
	const lines = told.map(([text, title]) => `<b>${title}</b>: ${lines_of(text).join("<br>")}`);
	const is_lost = frm.doc.access_alarm || (frm.doc.token_error && !frm.doc.token_expires_at);
	frm.dashboard.set_headline_alert(lines.join("<br>"), is_lost ? "red" : "orange");
}

function lines_of(text) {
	// The words are English, whatever the language of the screen.
	const lines = text.split("\n").map((line) => `<bdi>${frappe.utils.escape_html(line)}</bdi>`);
	return lines.length > 4 ? [...lines.slice(0, 3), __("and {0} more", [lines.length - 3])] : lines;
}

function show_days_left(frm) {
	if (!frm.doc.token_expires_at) return;
	const days = moment(frm.doc.token_expires_at).diff(moment(frappe.datetime.now_datetime()), "days", true);
	const colour = days < 3 ? "red" : "green";
	frm.dashboard.add_indicator(__("Access: {0} days left", [Math.max(0, Math.floor(days))]), colour);
}

function connect(frm) {
	frappe
		.call({
			method: "salla_manager.api.shops.connect_to_salla",
			args: { store: frm.doc.name },
			freeze: true,
		})
		.then(({ message }) => window.location.assign(message));
}

function confirm_repair(frm) {
	frappe.confirm(
		__("Subscriptions of this shop to this hub's address are added, corrected or removed in the shop. Those to other addresses stay."),
		() => call(frm, "repair_webhooks")
	);
}

function call(frm, action) {
	frappe
		.call({
			method: `salla_manager.api.shops.${action}`,
			args: { store: frm.doc.name },
			freeze: true,
		})
		.then(({ message }) => {
			const lines = message.lines.map((line) => `<li dir="auto">${frappe.utils.escape_html(line)}</li>`);
			frappe.msgprint({
				title: message.ok ? __("The webhooks are as they should be") : __("Something has to be mended"),
				indicator: message.ok ? "green" : "orange",
				message: `<p><code dir="ltr">${frappe.utils.escape_html(message.url)}</code></p><ul>${lines.join("")}</ul>`,
				wide: true,
			});
			frm.reload_doc();
		});
}

function kinds_and_since(label) {
	const kinds = PLURALS.map((plural) => ({
		fieldname: plural,
		fieldtype: "Check",
		label: __(frappe.unscrub(plural)),
		default: 1,
	}));
	return [...kinds, { fieldname: "since", fieldtype: "Date", label }];
}

function ask_and_plan(frm) {
	shown_plans.clear();
	frappe.prompt(
		kinds_and_since(__("Orders Since")),
		(values) =>
			frappe
				.call({
					method: "salla_manager.api.backfills.plan",
					args: {
						store: frm.doc.name,
						entity_types: PLURALS.filter((plural) => values[plural]),
						since: values.since,
					},
				})
				.then(({ message }) => {
					frappe.show_alert(message);
					await_plan(frm.doc.name);
				}),
		__("What is a backfill to read?"),
		__("Count")
	);
}

// A worker counts, since a large shop takes longer than a request may.
frappe.realtime.on("salla_backfill_planned", (figures) => show_plan(figures.store, figures.run));

// Where no socket brings it, the row is there all the same.
async function await_plan(store, left = 75) {
	const planned = { store, kind: "Backfill", status: "Planned" };
	const { message } = await frappe.db.get_value("Sync Run", planned, "name");
	if (message?.name) return show_plan(store, message.name);
	if (left > 0) setTimeout(() => await_plan(store, left - 1), PLAN_SECONDS * 1000);
}

const shown_plans = new Set();

async function show_plan(store, run) {
	if (cur_frm?.doctype !== "Store Account" || cur_frm.doc.name !== store || shown_plans.has(run)) return;
	shown_plans.add(run);
	const figures = await frappe.db.get_doc("Sync Run", run);
	const dialog = new frappe.ui.Dialog({
		title: __("Plan Backfill"),
		fields: [{ fieldname: "plan", fieldtype: "HTML" }],
		primary_action_label: __("Start"),
		primary_action: async () => {
			dialog.hide();
			await frappe.call({ method: "salla_manager.api.backfills.start", args: { name: run } });
			frappe.set_route("Form", "Sync Run", run);
		},
		secondary_action_label: __("Discard the Plan"),
		secondary_action: () => {
			dialog.hide();
			frappe.call({ method: "salla_manager.api.backfills.cancel", args: { name: run } });
		},
	});
	dialog.fields_dict.plan.$wrapper.html(
		salla_backfill.table(JSON.parse(figures.steps), ["total"]) +
			salla_backfill.effort(figures.calls, figures.minutes_left)
	);
	dialog.show();
}

function ask_and_pull(frm) {
	frappe.prompt(
		kinds_and_since(__("Changed Since")),
		(values) =>
			frappe
				.call({
					method: "salla_manager.api.operations.pull_now",
					args: {
						store: frm.doc.name,
						entity_types: PLURALS.filter((plural) => values[plural]),
						since: values.since,
					},
				})
				.then(({ message }) => frappe.show_alert(message)),
		__("What is to be read from the shop?"),
		__("Pull Now")
	);
}
