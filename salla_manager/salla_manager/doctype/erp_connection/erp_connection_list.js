frappe.listview_settings["ERP Connection"] = {
	add_fields: ["status", "breaker_status", "config"],
	get_indicator(doc) {
		if (doc.status === "DISABLED") return [__("DISABLED"), "gray", "status,=,DISABLED"];
		if (doc.breaker_status === "Open") return [__("Unreachable"), "red", "breaker_status,=,Open"];
		if (!doc.config) return [__("Not Configured"), "orange", "status,=,ACTIVE"];
		return [__("ACTIVE"), "green", "status,=,ACTIVE"];
	},
};
