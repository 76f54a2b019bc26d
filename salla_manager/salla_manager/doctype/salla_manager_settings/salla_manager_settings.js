frappe.ui.form.on("Salla Manager Settings", {
	async refresh(frm) {
		show_addresses(frm);
		if (!(await salla_standstill.on_form(frm)) || !frm.perm[0]?.write) return;
		frm.add_custom_button(__("This Is the Live Site"), () => adopt_site(frm)).addClass("btn-danger");
	},
});

function adopt_site(frm) {
	frappe.confirm(
		[
			__("From now on this site sends, and reads the shops."),
			__("If the site that it was copied from still runs, both send, and the first that renews a shop's token cuts the other off."),
			__("Is the other one switched off for good?"),
		].join("<br><br>"),
		() =>
			frappe
				.call({ method: "salla_manager.api.operations.adopt_site", freeze: true })
				.then(() => frm.reload_doc())
	);
}

async function show_addresses(frm) {
	const { message } = await frappe.call({ method: "salla_manager.api.shops.addresses", type: "GET" });
	const row = (label, url) =>
		`<tr><td class="text-nowrap">${label}</td><td><code dir="ltr">${frappe.utils.escape_html(url)}</code></td></tr>`;
	const rows = [
		row(__("Webhook URL"), message.webhook),
		row(__("Redirect URL, for Custom Mode only"), message.callback),
	];
	const missing = __("Say above, as Hub URL, where this hub can be reached.");
	const table = `<table class="table table-sm">${rows.join("")}</table>`;
	frm.get_field("salla_addresses").$wrapper.html(message.webhook ? table : `<p>${missing}</p>`);
}
