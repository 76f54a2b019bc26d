frappe.listview_settings["SKU Skip Log"] = {
	add_fields: ["resolved"],
	get_indicator(doc) {
		return doc.resolved
			? [__("Resolved"), "green", "resolved,=,1"]
			: [__("Open"), "orange", "resolved,=,0"];
	},
	formatters: {
		external_id: (value) => frappe.utils.escape_html(value || ""),
	},
};
