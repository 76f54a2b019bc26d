frappe.ui.form.on("External Reference", {
	refresh(frm) {
		if (frm.doc.waits_on === "review:item" && frappe.model.can_write("Item")) {
			frm.add_custom_button(__("Link"), () => link(frm)).addClass("btn-primary");
			frm.add_custom_button(__("Make New"), () => make_new(frm));
		}
		const is_customer = frm.doc.entity_type === "customer" && !frm.doc.document_name;
		if (is_customer && (frm.doc.waits_on || "").startsWith("customer:") && frappe.model.can_write("Customer")) {
			frm.add_custom_button(__("Link"), () => link_customer(frm)).addClass("btn-primary");
		}
		frm.add_custom_button(__("Commands"), () =>
			frappe.set_route("List", "Executor Inbox", {
				store_account: frm.doc.source,
				external_id: frm.doc.external_id,
			})
		);
	},
});

function link(frm) {
	const candidates = (frm.doc.candidates || "").split("\n");
	frappe.prompt(
		{
			fieldname: "item",
			fieldtype: "Link",
			options: "Item",
			label: __("Item"),
			default: candidates[0],
			description: __("It may be: {0}", [frappe.utils.escape_html(candidates.join(", "))]),
			reqd: 1,
		},
		({ item }) => run(frm, "link", { item }),
		__("Which Item is {0}?", [frappe.utils.escape_html(frm.doc.shop_title)]),
		__("Link")
	);
}

function link_customer(frm) {
	frappe.prompt(
		{
			fieldname: "customer",
			fieldtype: "Link",
			options: "Customer",
			label: __("Customer"),
			description: frappe.utils.escape_html(frm.doc.waits_message || ""),
			reqd: 1,
		},
		async ({ customer }) => {
			await frappe.call({
				method: "salla_executor.api.customers.choose",
				args: { reference: frm.doc.name, customer },
				freeze: true,
			});
			frappe.show_alert({ message: __("Decided. It goes on when the hub asks again."), indicator: "green" });
			frm.reload_doc();
		},
		__("Which Customer is {0}?", [frappe.utils.escape_html(frm.doc.external_id)]),
		__("Link")
	);
}

function make_new(frm) {
	frappe.prompt(
		{
			fieldname: "item_code",
			fieldtype: "Data",
			label: __("Item Code"),
			default: (frm.doc.shop_title || "").split(" · ").pop(),
			description: __("Of the new Item. The SKU itself, unless an Item has it already."),
			reqd: 1,
		},
		({ item_code }) => run(frm, "make_new", { item_code }),
		__("A new Item for {0}", [frappe.utils.escape_html(frm.doc.shop_title)]),
		__("Make New")
	);
}

async function run(frm, action, args) {
	await frappe.call({
		method: `salla_executor.api.reviews.${action}`,
		args: { reference: frm.doc.name, ...args },
		freeze: true,
	});
	frappe.show_alert({ message: __("Decided. It goes on when the hub asks again."), indicator: "green" });
	frm.reload_doc();
}
