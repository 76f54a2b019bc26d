frappe.ui.form.on("Salla Executor Settings", {
	setup(frm) {
		const of_company = ["warehouse", "cost_center", "tax_account", "shipping_account", "cod_account"];
		for (const field of [...of_company, "rounding_account"]) {
			frm.set_query(field, () => ({ filters: { company: frm.doc.company, is_group: 0 } }));
		}
		for (const field of of_company) {
			frm.set_query(field, "shops", (_doc, doctype, name) => ({
				filters: { company: locals[doctype][name].company || frm.doc.company, is_group: 0 },
			}));
		}
		frm.set_query("account", "taxes", () => ({ filters: { account_type: "Tax", is_group: 0 } }));
		frm.set_query("customer_group", "customer_groups", () => ({ filters: { is_group: 0 } }));
		frm.set_query("warehouse", "branches", () => ({ filters: { is_group: 0 } }));
		for (const field of ["shipping_item", "cod_item"]) {
			frm.set_query(field, () => ({ filters: { is_stock_item: 0, has_variants: 0, disabled: 0 } }));
		}
		frm.set_query("price_list", () => ({ filters: { selling: 1, enabled: 1 } }));
	},

	refresh(frm) {
		if (!frm.perm[0]?.write) return;
		frm.add_custom_button(__("Check Connection"), () => call("check_connection"));
		const group = __("Shared Secret");
		frm.add_custom_button(__("Pair with a Hub"), () => pair(frm), group);
		if (frm.doc.manager_base_url) {
			frm.add_custom_button(__("Rotate Secret"), () => rotate_secret(frm), group);
			frm.add_custom_button(__("Request Pull"), () => request_pull());
			frm.add_custom_button(__("Send Flagged Orders Again"), () => send_flagged_again());
		}
	},
});

function call(action, args = {}) {
	return frappe
		.call({ method: `salla_executor.api.operations.${action}`, args, freeze: true })
		.then(({ message }) =>
			frappe.msgprint({
				title: message.ok ? __("The connection works") : __("Something has to be mended"),
				indicator: message.ok ? "green" : "red",
				message: checklist(message.rows),
				wide: true,
			})
		);
}

function checklist(rows) {
	const colours = { ok: "green", warning: "orange", failed: "red" };
	const words = { ok: __("OK"), warning: __("Look at this"), failed: __("To be mended") };
	const lines = rows.map(
		({ check, state, message }) =>
			`<tr><td class="text-nowrap"><span class="indicator-pill no-indicator-dot ${colours[state]}">${words[state]}</span></td>
			<td class="text-nowrap"><b>${frappe.utils.escape_html(check)}</b></td><td>${frappe.utils.escape_html(message)}</td></tr>`
	);
	return `<table class="table table-sm">${lines.join("")}</table>`;
}

function pair(frm) {
	const dialog = new frappe.ui.Dialog({
		title: __("Pair with a Hub"),
		fields: [
			{
				fieldname: "text",
				fieldtype: "Small Text",
				label: __("Pairing Code"),
				reqd: 1,
				description: __("From the hub: ERP Instance, Shared Secret, Pair. It is good once, for half an hour."),
			},
		],
		primary_action_label: __("Pair"),
		primary_action({ text }) {
			const { hub, instance } = read_code(text);
			if (!hub) {
				frappe.throw(__("This is not a whole pairing code. Copy all of it from the hub, from salla-pair: on."));
			}
			dialog.hide();
			frappe.confirm(
				__("{0} will be able to write orders, items and customers on this site, as {1}. Go on?", [
					`<b>${frappe.utils.escape_html(hub)}</b>`,
					frappe.utils.escape_html(instance),
				]),
				() => call("pair", { text }).then(() => frm.reload_doc())
			);
		},
	});
	dialog.show();
}

function read_code(text) {
	const packed = text.replace(/\s/g, "").replace(/^salla-pair:/, "").replace(/-/g, "+").replace(/_/g, "/");
	try {
		return JSON.parse(atob(packed));
	} catch {
		return {};
	}
}

function rotate_secret(frm) {
	frappe.confirm(
		__("Hub and ERP agree on a new secret, which nobody sees. Commands go on meanwhile. Go on?"),
		() => call("rotate_secret").then(() => frm.reload_doc())
	);
}

function send_flagged_again() {
	frappe.confirm(
		__("The hub sends the drafts again whose money differs from the shop's. Those that agree now go on by the settings. Go on?"),
		() =>
			frappe
				.call({ method: "salla_executor.api.operations.send_flagged_again", freeze: true })
				.then(({ message }) => frappe.show_alert(__("{0} orders come again.", [cint(message)])))
	);
}

function request_pull() {
	const entities = ["categories", "brands", "order_statuses", "products", "customers", "orders"];
	const dialog = new frappe.ui.Dialog({
		title: __("Ask the hub to fetch from the shop"),
		fields: [
			{ fieldname: "store_id", fieldtype: "Data", label: __("Store"), reqd: 1, description: __("As the hub names it, such as SM-STORE-00001") },
			{ fieldname: "entity_types", fieldtype: "MultiCheck", label: __("What"), columns: 2, options: entities.map((value) => ({ label: __(frappe.unscrub(value)), value })) },
			{ fieldname: "since", fieldtype: "Datetime", label: __("Changed since") },
			{ fieldname: "limit", fieldtype: "Int", label: __("At most"), default: 100 },
		],
		primary_action_label: __("Request Pull"),
		primary_action(values) {
			dialog.hide();
			frappe
				.call("salla_executor.api.operations.request_pull", { ...values, since: values.since || "" })
				.then(({ message }) => {
					const queued = Object.entries(message.queued).map(([entity, count]) => `${frappe.utils.escape_html(entity)}: ${cint(count)}`);
					frappe.msgprint({ title: __("Queued on the hub"), message: queued.join("<br>") || __("Nothing to fetch.") });
				});
		},
	});
	dialog.show();
}
