// What is held for a destination, by type, and what of it goes on by itself: on its form, and where a switch was turned.
frappe.provide("salla_held");

// The file comes once with each DocType.
if (!salla_held.show) {
	salla_held.types = {
		upsert_product: __("Products"),
		upsert_variant: __("Variants"),
		upsert_customer: __("Customers"),
		upsert_order: __("Orders"),
		upsert_category: __("Categories"),
		upsert_brand: __("Brands"),
		upsert_order_status: __("Order Statuses"),
	};

	salla_held.show = async (frm) => {
		if (frm.is_new()) return;
		const name = frm.doc.name;
		const { message } = await frappe.call({
			method: "salla_manager.api.operations.held_commands",
			type: "GET",
			args: { destination: name },
		});
		if (frm.doc.name !== name || !Object.keys(message.types).length) return;
		frm.dashboard.add_section(salla_held.table(frm, message), __("Held Commands"));
		frm.dashboard.show();
	};

	salla_held.table = (frm, { types, per_minute }) => {
		const column = frm.doctype === "ERP Connection" ? "erp_connection" : "erp_instance";
		const rows = Object.entries(types).map(([type, { held, in_turn }]) => {
			const query = new URLSearchParams({ [column]: frm.doc.name, status: "Held", command_type: type });
			return `<tr><td><a href="/app/outbound-client-command?${frappe.utils.escape_html(query.toString())}">${
				salla_held.types[type] || frappe.utils.escape_html(type)
			}</a></td><td class="text-right">${cint(held)}</td><td>${salla_held.progress(held, in_turn, per_minute)}</td></tr>`;
		});
		return `<table class="table table-sm mb-0">${rows.join("")}</table>`;
	};

	salla_held.progress = (held, in_turn, per_minute) => {
		if (!in_turn) return __("Each of them says why.");
		const minutes = per_minute ? Math.max(1, Math.ceil(in_turn / per_minute)) : 1;
		return __("{0} go on by themselves, {1} a minute: about {2} minutes.", [in_turn, per_minute, minutes]);
	};

	for (const doctype of ["ERP Connection", "ERP Instance"]) {
		frappe.ui.form.on(doctype, { refresh: salla_held.show });
	}
}
