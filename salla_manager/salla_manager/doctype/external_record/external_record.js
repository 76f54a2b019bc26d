frappe.ui.form.on("External Record", {
	refresh(frm) {
		frm.disable_save();
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
