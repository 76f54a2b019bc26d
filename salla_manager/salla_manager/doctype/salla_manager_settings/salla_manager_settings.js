frappe.ui.form.on("Salla Manager Settings", {
	async refresh(frm) {
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
