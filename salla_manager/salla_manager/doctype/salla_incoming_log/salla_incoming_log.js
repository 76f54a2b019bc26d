frappe.ui.form.on("Salla Incoming Log", {
	refresh(frm) {
		frm.disable_save();
		add_records_button(frm);
		if (["Failed", "No Access", "Unknown Store"].includes(frm.doc.status) && frm.doc.message) {
			frm.dashboard.set_headline_alert(frappe.utils.escape_html(frm.doc.message), "red");
		}
		if (!frm.perm[0]?.write) return;
		frm.add_custom_button(__("Process Again"), () =>
			frappe
				.call({
					method: "salla_manager.api.operations.process_again",
					args: { name: frm.doc.name },
					freeze: true,
				})
				.then(() => frm.reload_doc())
		);
	},
});

// Each line of the message begins with what it speaks of: "order 42: Queued".
function add_records_button(frm) {
	const ids = [...(frm.doc.message || "").matchAll(/^[a-z_]+ (\S+): /gm)].map((found) => found[1]);
	if (!ids.length || !frm.doc.store) return;
	frm.add_custom_button(__("External Records"), () =>
		frappe.set_route("List", "External Record", { store: frm.doc.store, external_id: ["in", ids] })
	);
}
