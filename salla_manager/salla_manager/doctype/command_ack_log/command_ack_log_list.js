frappe.listview_settings["Command ACK Log"] = {
	hide_name_column: true,
	add_fields: ["ack_status"],
	get_indicator(doc) {
		const colours = { applied: "green", skipped: "gray", failed: "red", rejected: "red" };
		return [__(doc.ack_status), colours[doc.ack_status], `ack_status,=,${doc.ack_status}`];
	},
};
