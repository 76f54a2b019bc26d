const SKU_PROBLEMS = {
	Missing: [__("Without SKU"), "red"],
	Duplicate: [__("Taken Twice"), "red"],
	Spelling: [__("Spelt Differently"), "red"],
	Alike: [__("Easily Mixed Up"), "orange"],
};
const ENTITY_LABELS = { product: __("Product"), variant: __("Variant") };

frappe.query_reports["SKU Workbench"] = {
	filters: [
		{
			fieldname: "store",
			label: __("Store Account"),
			fieldtype: "Link",
			options: "Store Account",
			reqd: 1,
		},
		{
			fieldname: "kind",
			label: __("What Is Wrong"),
			fieldtype: "Select",
			options: [
				{ value: "", label: "" },
				...Object.entries(SKU_PROBLEMS).map(([value, [label]]) => ({ value, label })),
			],
		},
	],
	async onload(report) {
		await show_store(report.get_filter("store"));
		if (!frappe.model.can_write("External Record")) return;
		report.page.add_inner_button(__("Re-check All"), () => recheck_all(report));
		report.page.wrapper.on("click", "[data-recheck]", (event) => {
			const { recheck: external_id, entityType: entity_type } = event.currentTarget.dataset;
			recheck(report, entity_type, external_id);
		});
	},
	formatter(value, row, column, data, default_formatter) {
		if (!data) return default_formatter(value, row, column, data);
		if (column.fieldname === "kind") {
			const [label, colour] = SKU_PROBLEMS[value];
			return `<span class="indicator-pill ${colour}">${label}</span>`;
		}
		if (column.fieldname === "sku") return spelt(value);
		if (column.fieldname === "title") return shop_link(value || data.external_id, data.url);
		if (column.fieldname === "beside") return shop_link(value, data.beside_url);
		if (column.fieldname === "entity_type") return ENTITY_LABELS[value];
		if (column.fieldname === "reason") return sentence(value);
		if (column.fieldname === "action") return recheck_button(data);
		return default_formatter(value, row, column, data);
	},
};

// Frappe reads a filter before the title of its link has come, and takes it for empty.
async function show_store(filter) {
	if (filter.value) return filter.set_link_title(filter.value);
	const stores = await frappe.db.get_list("Store Account", { filters: { enabled: 1 }, limit: 2 });
	if (stores.length === 1) await filter.set_value(stores[0].name);
}

function shop_link(text, url) {
	const label = frappe.utils.escape_html(text || "");
	if (!url?.startsWith("https://")) return label;
	const href = frappe.utils.escape_html(url);
	return `<a href="${href}" target="_blank" rel="noopener noreferrer">${label} ↗</a>`;
}

// Two SKUs may differ in what a browser does not show.
function spelt(sku) {
	const visible = (sku || "").replace(
		/[\u00a0\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g,
		(unseen) => `[U+${unseen.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`
	);
	return `<span dir="ltr" style="white-space: pre">${frappe.utils.escape_html(visible)}</span>`;
}

// The hub's sentences are not in the language of the page.
function sentence(text) {
	const shown = frappe.utils.escape_html(text || "");
	return `<div dir="auto" class="ellipsis" title="${shown}">${shown}</div>`;
}

function recheck_button({ entity_type, external_id }) {
	if (!frappe.model.can_write("External Record")) return "";
	return `<button class="btn btn-xs btn-default" data-entity-type="${entity_type}"
		data-recheck="${frappe.utils.escape_html(external_id)}">${__("Re-check")}</button>`;
}

function recheck(report, entity_type, external_id) {
	const args = { store: report.get_values().store, entity_type, external_id };
	frappe
		.call({ method: "salla_manager.api.skus.recheck", args, freeze: true })
		.then(({ message }) => {
			const is_held = message.status === "Skipped";
			frappe.show_alert({
				message: is_held ? frappe.utils.escape_html(message.reason) : __("It was read again and is not held."),
				indicator: is_held ? "orange" : "green",
			});
			report.refresh();
		});
}

function recheck_all(report) {
	const args = { store: report.get_values().store };
	frappe
		.call({ method: "salla_manager.api.skus.recheck_all", args, freeze: true })
		.then(({ message }) => frappe.show_alert(__("{0} are read from the shop now.", [message])));
}
