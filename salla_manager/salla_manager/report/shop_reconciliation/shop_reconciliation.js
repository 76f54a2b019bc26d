const RECONCILED = { order: __("Orders"), product: __("Products"), customer: __("Customers") };
const STATE_COLOURS = {
	Missing: "red",
	Different: "red",
	Dead: "red",
	Failed: "red",
	Held: "orange",
	Waiting: "yellow",
	"On Its Way": "blue",
	Skipped: "gray",
	Gone: "gray",
};

frappe.query_reports["Shop Reconciliation"] = {
	filters: [
		{
			fieldname: "store",
			label: __("Store Account"),
			fieldtype: "Link",
			options: "Store Account",
			reqd: 1,
		},
		{
			fieldname: "entity_type",
			label: __("Entity Type"),
			fieldtype: "Select",
			options: Object.entries(RECONCILED).map(([value, label]) => ({ value, label })),
			default: "order",
			reqd: 1,
		},
		{
			fieldname: "day",
			label: __("Day of the Store"),
			fieldtype: "Date",
			default: frappe.datetime.add_days(frappe.datetime.get_today(), -1),
			depends_on: "eval:doc.entity_type === 'order'",
		},
		{
			fieldname: "state",
			label: __("State"),
			fieldtype: "Select",
			options: [
				{ value: "", label: "" },
				...Object.keys(STATE_COLOURS).map((value) => ({ value, label: __(value) })),
			],
		},
	],
	async onload(report) {
		await show_store(report.get_filter("store"));
		if (!frappe.model.can_write("External Record")) return;
		report.page.add_inner_button(__("Reconcile Now"), () => reconcile(report));
		report.page.add_inner_button(__("Enqueue Missing"), () => enqueue_missing(report));
	},
	formatter(value, row, column, data, default_formatter) {
		if (column.fieldname === "state" && value) {
			return `<span class="indicator-pill ${STATE_COLOURS[value]}">${__(value)}</span>`;
		}
		if (column.fieldname === "title" && data?.url?.startsWith("https://")) {
			const label = frappe.utils.escape_html(value || data.external_id);
			const url = frappe.utils.escape_html(data.url);
			return `<a href="${url}" target="_blank" rel="noopener noreferrer">${label} ↗</a>`;
		}
		if (column.fieldname === "reason") return sentence(value);
		return default_formatter(value, row, column, data);
	},
};

// Frappe reads a filter before the title of its link has come, and takes it for empty.
async function show_store(filter) {
	if (filter.value) return filter.set_link_title(filter.value);
	const stores = await frappe.db.get_list("Store Account", { filters: { enabled: 1 }, limit: 2 });
	if (stores.length === 1) await filter.set_value(stores[0].name);
}

// The hub's sentences are not in the language of the page.
function sentence(text) {
	const shown = frappe.utils.escape_html(text || "");
	return `<div dir="auto" class="ellipsis" title="${shown}">${shown}</div>`;
}

async function reconcile(report) {
	const args = report.get_values();
	const { message: name } = await frappe.call({ method: "salla_manager.api.reconciliation.start", args });
	const asked = frappe.datetime.now_datetime();
	follow(report, name, asked);
}

// The job runs elsewhere: look until it is done, or the operator has gone to another page.
async function follow(report, name, asked) {
	if (frappe.get_route().join() !== "query-report,Shop Reconciliation") return;
	const { message: run } = await frappe.db.get_value("Reconciliation", name, [
		"status",
		"page",
		"pages",
		"modified",
	]);
	const is_of_now = run?.modified && run.modified >= asked;
	if (is_of_now && run.status !== "Running") {
		frappe.hide_progress();
		report.refresh();
		return;
	}
	if (is_of_now) frappe.show_progress(__("Reconcile Now"), run.page, run.pages || 1, name, false);
	else frappe.show_alert({ message: __("The shop is being read in the background."), indicator: "blue" }, 2);
	setTimeout(() => follow(report, name, asked), 2000);
}

function enqueue_missing(report) {
	frappe
		.call({
			method: "salla_manager.api.reconciliation.enqueue_missing",
			args: report.get_values(),
			freeze: true,
		})
		.then(({ message }) => frappe.show_alert(__("{0} are read from the shop now.", [message])));
}
