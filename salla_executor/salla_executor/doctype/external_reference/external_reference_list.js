frappe.listview_settings["External Reference"] = {
	hide_name_column: true,
	add_fields: ["waits_on"],

	get_indicator(doc) {
		if (doc.waits_on) return [__("Waits for a Person"), "orange", "waits_on,is,set"];
		return [__("Linked"), "green", "waits_on,is,not set"];
	},

	onload(listview) {
		listview.page.add_inner_button(__("What Waits"), () => show_causes(listview));
	},
};

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
