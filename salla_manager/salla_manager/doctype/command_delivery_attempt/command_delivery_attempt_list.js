frappe.listview_settings["Command Delivery Attempt"] = {
	hide_name_column: true,
	get_indicator(doc) {
		const colours = { Succeeded: "green", Failed: "red", Unknown: "orange" };
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
};
