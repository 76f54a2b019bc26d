frappe.ui.form.on("Salla Executor Settings", {
	setup(frm) {
		for (const field of ["warehouse", "cost_center", "tax_account", "shipping_account", "cod_account"]) {
			frm.set_query(field, () => ({ filters: { company: frm.doc.company, is_group: 0 } }));
		}
		frm.set_query("price_list", () => ({ filters: { selling: 1, enabled: 1 } }));
	},

	refresh(frm) {
		frm.add_custom_button(__("Check Readiness"), () => check_readiness());
		if (frm.doc.manager_base_url) {
			frm.add_custom_button(__("Request Pull"), () => request_pull());
		}
	},
});

function check_readiness() {
	frappe.call("salla_executor.api.operations.readiness").then(({ message }) => {
		const problems = message.problems.map((problem) => `<li>${frappe.utils.escape_html(problem)}</li>`);
		frappe.msgprint({
			title: __("Readiness"),
			indicator: problems.length ? "orange" : "green",
			message: problems.length ? `<ul>${problems.join("")}</ul>` : __("Commands can be applied."),
		});
	});
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
