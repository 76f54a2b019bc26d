frappe.ui.form.on("External Record", {
	refresh(frm) {
		frm.disable_save();
		if (["Failed", "Skipped"].includes(frm.doc.status) && frm.doc.message) {
			frm.dashboard.set_headline_alert(
				frappe.utils.escape_html(frm.doc.message),
				frm.doc.status === "Failed" ? "red" : "orange"
			);
		}
		if (frm.doc.missing_at_source) {
			frm.dashboard.add_indicator(__("Missing in the shop"), "orange");
		}
		// An event names what it became in its message only.
		frm.add_custom_button(__("Events"), () =>
			frappe.set_route("List", "Salla Incoming Log", {
				store: frm.doc.store,
				message: ["like", `%${frm.doc.entity_type} ${frm.doc.external_id}%`],
			})
		);
		if (!frm.perm[0]?.write || !frm.doc.revision) return;
		frm.add_custom_button(__("Send Again"), () =>
			frappe
				.call({
					method: "salla_manager.api.operations.resend_record",
					args: { name: frm.doc.name },
					freeze: true,
				})
				.then(({ message }) => {
					frappe.show_alert(`${frappe.utils.escape_html(message.command)}: ${__(message.status)}`);
					frm.reload_doc();
				})
		);
	},
});
