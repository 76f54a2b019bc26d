frappe.listview_settings["External Reference"] = {
	hide_name_column: true,
	add_fields: ["waits_on", "item_code", "document_name", "shop_title"],

	formatters: {
		// What has no document yet is known by its name in the shop.
		document_name: (value, _field, doc) => frappe.utils.escape_html(value || doc.shop_title || ""),
	},

	get_indicator(doc) {
		if (doc.waits_on === "review:item") return [__("To Review"), "yellow", "waits_on,=,review:item"];
		if (doc.waits_on) return [__("Waits for a Person"), "orange", "waits_on,is,set"];
		if (!doc.document_name && doc.item_code) return [__("New Item to Come"), "blue", "item_code,is,set"];
		return [__("Linked"), "green", "waits_on,is,not set"];
	},

	onload(listview) {
		listview.page.add_inner_button(__("What Waits"), () => show_causes(listview));
		listview.page.add_inner_button(__("Items to Review"), () =>
			listview.filter_area.add([["External Reference", "waits_on", "=", "review:item"]])
		);
		if (frappe.model.can_write("Item")) {
			listview.page.add_actions_menu_item(__("Link to the Suggested Item"), () => link_suggested(listview));
		}
	},
};

function link_suggested(listview) {
	const references = listview.get_checked_items(true);
	frappe.confirm(__("Link {0} to the Item that each most likely is?", [references.length]), async () => {
		await frappe.call({
			method: "salla_executor.api.reviews.link_suggested",
			args: { references },
			freeze: true,
		});
		listview.refresh();
	});
}

async function show_causes(listview) {
	const { message } = await frappe.call("salla_executor.api.waiting.causes");
	const dialog = new frappe.ui.Dialog({ title: __("What waits for a person"), size: "large" });
	dialog.$body.html(message.length ? message.map(cause_html).join("") : `<p>${__("Nothing waits.")}</p>`);
	dialog.$body.find("a[data-cause]").on("click", (event) => {
		event.preventDefault();
		dialog.hide();
		listview.filter_area.add([["External Reference", "waits_on", "=", message[event.currentTarget.dataset.cause].waits_on]]);
	});
	dialog.show();
}

function cause_html(cause, index) {
	const since = frappe.datetime.comment_when(cause.since);
	return `<div class="mb-4">
		<a href="#" data-cause="${cint(index)}"><b>${__("{0} waiting", [cint(cause.count)])}</b></a>
		<span class="text-muted">· ${since}</span>
		<div>${frappe.utils.escape_html(cause.message || cause.waits_on)}</div>
	</div>`;
}
