frappe.listview_settings["Sync Run"] = {
	add_fields: ["status"],
	get_indicator(doc) {
		const colours = { Planned: "gray", Running: "blue", Paused: "orange", Done: "green", Failed: "red" };
		return [__(doc.status), colours[doc.status] || "gray", `status,=,${doc.status}`];
	},
};
