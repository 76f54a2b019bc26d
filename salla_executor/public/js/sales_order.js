// Where the order came from, and whether its money agrees with the shop's.
frappe.ui.form.on("Sales Order", {
	refresh(frm) {
		if (!frm.doc.shop_order) return;
		show_money(frm);
		if (frappe.model.can_read("Executor Inbox")) {
			frm.add_custom_button(__("Commands"), () => open_commands(frm), __("Shop"));
		}
		if (/^https?:\/\//.test(frm.doc.shop_url || "")) {
			frm.add_custom_button(
				__("Open in the Shop"),
				() => window.open(frm.doc.shop_url, "_blank", "noopener"),
				__("Shop")
			);
		}
	},
});

function show_money(frm) {
	if (frm.doc.shop_attention) {
		const attention = frappe.utils.escape_html(frm.doc.shop_attention);
		frm.dashboard.add_comment(`<div dir="auto">${attention}</div>`, "red", true);
	}
	if (frm.doc.shop_difference_note) {
		show_difference(frm);
	} else if (flt(frm.doc.grand_total - frm.doc.shop_total, precision("grand_total", frm.doc))) {
		// A person changed the draft and has not saved it, or it was updated after the submit.
		const total = format_currency(frm.doc.shop_total, frm.doc.currency);
		frm.dashboard.add_comment(__("The total in the shop is {0}.", [total]), "orange", true);
	} else if (!frm.doc.shop_attention) {
		// What needs a person may be a change by the shop that is not in here.
		frm.dashboard.add_comment(__("The total is the same in the shop."), "green", true);
	}
}

async function show_difference(frm) {
	const note = frappe.utils.escape_html(frm.doc.shop_difference_note).replaceAll("\n", "<br>");
	// One that was written before its texts were kept is in English, whatever the direction of Desk.
	frm.dashboard.add_comment(`<div dir="auto">${note}</div>`, "orange", true);
	if (!frm.doc.docstatus && !frm.doc.shop_accepted_by && frm.perm[0]?.submit) {
		frm.add_custom_button(__("Accept the Difference"), () => accept_difference(frm), __("Shop"));
	}
	const name = frm.doc.name;
	const { message } = await frappe.call("salla_executor.api.orders.comparison", { name });
	if (frm.doc.name === name) {
		frm.get_field("shop_comparison").$wrapper.html(comparison_table(message, frm.doc.currency));
	}
}

function comparison_table({ figures, lines }, currency) {
	const money = (value) => format_currency(value, currency);
	const row = ({ label, shop, erp, off }) => `<tr class="${off ? "text-danger" : ""}">
		<td>${frappe.utils.escape_html(label)}</td>
		${[shop, erp, off].map((value) => `<td class="text-right">${money(value)}</td>`).join("")}</tr>`;
	const head = [__("Shop and ERP"), __("In the Shop"), __("In the ERP"), __("Difference")];
	return `<table class="table table-sm">
		<thead><tr>${head.map((text, n) => `<th class="${n ? "text-right" : ""}">${text}</th>`).join("")}</tr></thead>
		<tbody>${[...lines, ...figures].map(row).join("")}</tbody></table>`;
}

function accept_difference(frm) {
	const off = format_currency(frm.doc.shop_difference, frm.doc.currency);
	frappe.confirm(__("The order differs from the shop's by {0}. Accept that, so that it can be submitted? What its status in the shop asks for is done at once.", [off]), () =>
		frappe
			.call({
				method: "salla_executor.api.orders.accept_difference",
				args: { name: frm.doc.name },
				freeze: true,
			})
			.then(() => frm.reload_doc())
	);
}

function open_commands(frm) {
	frappe.set_route("List", "Executor Inbox", {
		store_account: frm.doc.shop_store,
		external_id: frm.doc.shop_order,
	});
}
