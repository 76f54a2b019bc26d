// Figures of a Sync Run, as a table by entity type.
frappe.provide("salla_backfill");

salla_backfill.kinds = {
	category: __("Categories"),
	brand: __("Brands"),
	order_status: __("Order Statuses"),
	product: __("Products"),
	variant: __("Variants"),
	customer: __("Customers"),
	order: __("Orders"),
};

salla_backfill.columns = {
	total: __("At the Shop"),
	done: __("Read"),
	queued: __("Queued"),
	unchanged: __("Unchanged"),
	skipped: __("Skipped"),
	failed: __("Failed"),
};

// rows: [{entity_type, is_done, reasons, and a number per column}]; columns: their names, in order.
salla_backfill.table = (rows, columns) => {
	const number = (value) => `<td class="text-right">${frappe.format(value || 0, { fieldtype: "Int" }, { inline: 1 })}</td>`;
	const head = columns.map((column) => `<th class="text-right">${salla_backfill.columns[column]}</th>`);
	const body = rows.map((row) => {
		const name =
			salla_backfill.kinds[row.entity_type] || frappe.utils.escape_html(__(frappe.unscrub(row.entity_type)));
		const mark = row.is_done ? ` <span class="text-success">✓</span>` : "";
		return `<tr><td>${name}${mark}</td>${columns.map((column) => number(row[column])).join("")}</tr>`;
	});
	return `<table class="table table-bordered"><thead><tr><th>${__("Entity Type")}</th>${head.join("")}</tr></thead>
		<tbody>${body.join("")}</tbody></table>${salla_backfill.reasons(rows)}`;
};

salla_backfill.reasons = (rows) => {
	// The words are English, whatever the language of the screen.
	const lines = rows
		.flatMap((row) => row.reasons || [])
		.map((reason) => `<li dir="auto">${frappe.utils.escape_html(reason)}</li>`);
	return lines.length ? `<p>${__("Not taken, among others:")}</p><ul>${lines.join("")}</ul>` : "";
};

// minutes: empty where the shop has not told its limit.
salla_backfill.effort = (calls, minutes) => {
	const time = minutes ? __("about {0} minutes at this shop's limit", [minutes]) : __("the shop tells no limit");
	return `<p>${__("{0} calls to the shop", [calls])}: ${time}. ${__("Live orders go first.")}</p>`;
};
