frappe.listview_settings["Salla Incoming Log"] = {
	get_indicator(doc) {
		const colours = {
			Received: "blue",
			Processed: "green",
			Ignored: "gray",
			Stale: "gray",
			"Unknown Store": "orange",
			"No Access": "orange",
			"Switched Off": "yellow",
			Failed: "red",
		};
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
	hide_name_column: true,
	onload(list) {
		list.page.add_actions_menu_item(__("Process Again"), async () => {
			for (const name of list.get_checked_items(true)) {
				await frappe.call({
					method: "salla_manager.api.operations.process_again",
					args: { name },
				});
			}
			list.clear_checked_items();
			list.refresh();
		});
	},
};
