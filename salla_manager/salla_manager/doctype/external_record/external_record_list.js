frappe.listview_settings["External Record"] = {
	get_indicator(doc) {
		const colours = { New: "gray", Queued: "blue", Applied: "green", Skipped: "orange", Failed: "red" };
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
	hide_name_column: true,
	formatters: {
		external_id: (value) => frappe.utils.escape_html(value || ""),
	},
};
