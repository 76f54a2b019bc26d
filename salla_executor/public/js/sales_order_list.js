// The way from the list of Sales Orders to the order in the shop.
Object.assign((frappe.listview_settings["Sales Order"] ||= {}), {
	button: {
		show: (doc) => /^https?:\/\//.test(doc.shop_url || ""),
		get_label: () => __("Shop"),
		get_description: () => __("Open in the Shop"),
		action: (doc) => window.open(doc.shop_url, "_blank", "noopener"),
	},
});
frappe.listview_settings["Sales Order"].add_fields = [
	...(frappe.listview_settings["Sales Order"].add_fields || []),
	"shop_url",
];
