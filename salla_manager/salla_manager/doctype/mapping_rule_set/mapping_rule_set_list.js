frappe.listview_settings["Mapping Rule Set"] = {
	add_fields: ["enabled", "remap_state"],
	get_indicator(doc) {
		if (!doc.enabled) return [__("Disabled"), "gray", "enabled,=,0"];
		if (doc.remap_state === "Running") return [__("Mapping Again"), "orange", "remap_state,=,Running"];
		return [__("Enabled"), "green", "enabled,=,1"];
	},
	hide_name_column: true,
};
