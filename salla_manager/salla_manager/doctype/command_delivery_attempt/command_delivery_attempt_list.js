frappe.listview_settings["Command Delivery Attempt"] = {
	hide_name_column: true,
	get_indicator(doc) {
		const colours = { SUCCESS: "green", FAILED: "red", RETRYING: "orange", PENDING: "yellow" };
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
};
