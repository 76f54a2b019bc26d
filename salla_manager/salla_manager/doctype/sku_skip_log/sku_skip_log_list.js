frappe.listview_settings["SKU Skip Log"] = {
	add_fields: ["resolved"],
	get_indicator(doc) {
		return doc.resolved
			? [__("Resolved"), "green", "resolved,=,1"]
			: [__("Open"), "orange", "resolved,=,0"];
	},
	hide_name_column: true,
	formatters: {
		external_id: (value) => frappe.utils.escape_html(value || ""),
	},
};
