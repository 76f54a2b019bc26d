frappe.ui.form.on("Salla Incoming Log", {
	refresh(frm) {
		frm.disable_save();
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
