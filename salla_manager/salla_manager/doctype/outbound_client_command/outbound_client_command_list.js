frappe.listview_settings["Outbound Client Command"] = {
	add_fields: ["status", "reason"],
	get_indicator(doc) {
		const colours = {
			Queued: "blue",
			Waiting: "yellow",
			Held: "orange",
			Sending: "light-blue",
			Done: "green",
			Dead: "red",
			Superseded: "gray",
			Cancelled: "gray",
		};
		return [__(doc.status), colours[doc.status], `status,=,${doc.status}`];
	},
	// On the row itself, for whoever mends one thing after the other.
	button: {
		show: (doc) => doc.status === "Dead" && frappe.model.can_write("Outbound Client Command"),
		get_label: () => __("Retry"),
		get_description: () => __("Send the newest state of the record again"),
	},
	onload(list) {
		this.button.action = (doc) => each(list, "retry_command", [doc.name]);
		list.page.add_actions_menu_item(__("Retry"), () => each(list, "retry_command"));
		list.page.add_actions_menu_item(__("Cancel Command"), () =>
			frappe.confirm(__("A cancelled command is never sent. Cancel the selected ones?"), () =>
				each(list, "cancel_command")
			)
		);
		list.page.add_inner_button(__("Release Parked"), () =>
			frappe
				.call({ method: "salla_manager.api.operations.release_parked", freeze: true })
				.then(({ message }) => {
					frappe.show_alert(__("{0} commands go on.", [message]));
					list.refresh();
				})
		);
	},
};

async function each(list, action, names = list.get_checked_items(true)) {
	for (const name of names) {
		await frappe.call({ method: `salla_manager.api.operations.${action}`, args: { name } });
	}
	list.clear_checked_items();
	list.refresh();
}
