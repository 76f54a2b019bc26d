const PLURALS = ["categories", "brands", "order_statuses", "products", "customers", "orders"];

frappe.ui.form.on("Store Account", {
	refresh(frm) {
		if (frm.is_new()) return;
		if (frm.doc.token_error) {
			frm.dashboard.set_headline_alert(frappe.utils.escape_html(frm.doc.token_error), "red");
		}
		frm.add_custom_button(__("Pull Now"), () => ask_and_pull(frm));
	},
});

function ask_and_pull(frm) {
	const fields = [
		...PLURALS.map((plural) => ({
			fieldname: plural,
			fieldtype: "Check",
			label: __(frappe.unscrub(plural)),
			default: 1,
		})),
		{ fieldname: "since", fieldtype: "Date", label: __("Changed Since") },
	];
	frappe.prompt(
		fields,
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
