frappe.listview_settings["Executor Inbox"] = {
	hide_name_column: true,
	get_indicator(doc) {
		const colour = { applied: "green", skipped: "blue", failed: "red", rejected: "orange" }[doc.status];
		return [__(doc.status), colour || "grey", `status,=,${doc.status}`];
	},
};
