frappe.listview_settings["External Record"] = {
	add_fields: ["missing_at_source"],
	get_indicator(doc) {
		if (doc.missing_at_source) return [__("Missing in the Shop"), "orange", "missing_at_source,is,set"];
		const colours = { New: "gray", Queued: "blue", Applied: "green", Skipped: "orange", Failed: "red" };
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
	hide_name_column: true,
	formatters: {
		external_id: (value) => frappe.utils.escape_html(value || ""),
	},
};
