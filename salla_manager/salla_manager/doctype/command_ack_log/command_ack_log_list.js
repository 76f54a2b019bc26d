frappe.listview_settings["Command ACK Log"] = {
	get_indicator(doc) {
		const colours = { applied: "green", skipped: "gray", failed: "red", rejected: "red" };
		return [__(doc.ack_status), colours[doc.ack_status], `ack_status,=,${doc.ack_status}`];
	},
};
