frappe.listview_settings["Reconciliation"] = {
	add_fields: ["status", "missing", "different"],
	get_indicator(doc) {
		if (doc.status === "Running") return [__("Running"), "blue", "status,=,Running"];
		if (doc.status !== "Done") return [__(doc.status), "red", `status,=,${doc.status}`];
		if (doc.missing) return [__("Missing"), "red", "missing,>,0"];
		if (doc.different) return [__("Different"), "orange", "different,>,0"];
		return [__("Done"), "green", "status,=,Done"];
	},
};
