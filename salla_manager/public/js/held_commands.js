// What is held for an ERP, by type, and what of it goes on by itself: on its form, and where a switch was turned.
const HELD_TYPES = {
	upsert_product: __("Products"),
	upsert_variant: __("Variants"),
	upsert_customer: __("Customers"),
	upsert_order: __("Orders"),
	upsert_category: __("Categories"),
	upsert_brand: __("Brands"),
	upsert_order_status: __("Order Statuses"),
};

frappe.ui.form.on("ERP Instance", {
	async refresh(frm) {
		if (frm.is_new()) return;
		const name = frm.doc.name;
		const { message } = await frappe.call({
			method: "salla_manager.api.operations.held_commands",
			type: "GET",
			args: { instance: name },
		});
		if (frm.doc.name !== name || !Object.keys(message.types).length) return;
		frm.dashboard.add_section(held_table(name, message), __("Held Commands"));
		frm.dashboard.show();
	},
});

function held_table(instance, { types, per_minute }) {
	const rows = Object.entries(types).map(([type, { held, in_turn }]) => {
		const query = new URLSearchParams({ erp_instance: instance, status: "Held", command_type: type });
		return `<tr><td><a href="/app/outbound-client-command?${frappe.utils.escape_html(query.toString())}">${
			HELD_TYPES[type] || frappe.utils.escape_html(type)
		}</a></td><td class="text-right">${held}</td><td>${held_progress(held, in_turn, per_minute)}</td></tr>`;
	});
	return `<table class="table table-sm mb-0">${rows.join("")}</table>`;
}

function held_progress(held, in_turn, per_minute) {
	if (!in_turn) return __("Each of them says why.");
	const minutes = per_minute ? Math.max(1, Math.ceil(in_turn / per_minute)) : 1;
	return __("{0} go on by themselves, {1} a minute: about {2} minutes.", [in_turn, per_minute, minutes]);
}
