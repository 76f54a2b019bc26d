frappe.ui.form.on("Mapping Rule Version", {
	refresh(frm) {
		frm.disable_save();
		frm.add_custom_button(__("Compare With Now"), () => compare(frm));
		if (!frappe.model.can_write("Mapping Rule Set")) return;
		frm.add_custom_button(__("Restore"), () =>
			frappe.confirm(__("The rules become as in this version; the present ones stay in the history."), () =>
				restore(frm)
			)
		);
	},
});

function compare(frm) {
	frappe
		.call({
			method: "salla_manager.api.mapping.changes_since",
			type: "GET",
			args: { version: frm.doc.name },
		})
		.then(({ message }) => {
			const lines = message.map((line) => frappe.utils.escape_html(line));
			frappe.msgprint({
				title: __("From now to this version"),
				message: lines.length
					? `<pre dir="ltr" class="small" style="text-align: left">${lines.join("\n")}</pre>`
					: __("The rules are as they are now."),
				wide: true,
			});
		});
}

function restore(frm) {
	frappe
		.call({
			method: "salla_manager.api.mapping.restore",
			args: { version: frm.doc.name },
			freeze: true,
		})
		.then(() => frappe.set_route("Form", "Mapping Rule Set", frm.doc.rule_set));
}
