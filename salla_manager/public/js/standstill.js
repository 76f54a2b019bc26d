// A copy of the hub stands still; the reason is told wherever one would look for it.
frappe.provide("salla_standstill");

// The file comes once with each DocType.
if (!salla_standstill.reason) {
	salla_standstill.reason = async () => {
		const method = "salla_manager.api.operations.standstill";
		const { message: reason } = await frappe.call({ method, type: "GET" });
		return reason && `<b>${__("This hub stands still.")}</b> ${frappe.utils.escape_html(reason)}`;
	};

	salla_standstill.on_form = async (frm) => {
		const told_html = await salla_standstill.reason();
		frm.layout.message.find(".salla-standstill").closest(".form-message").remove();
		if (told_html) frm.layout.show_message(`<div class="salla-standstill">${told_html}</div>`, "red", true);
		return told_html;
	};

	salla_standstill.on_list = async (list) => {
		const told_html = await salla_standstill.reason();
		list.page.main.find(".salla-standstill").remove();
		if (told_html) {
			list.page.main.prepend(`<div class="form-message red border-bottom salla-standstill">${told_html}</div>`);
		}
	};

	for (const doctype of ["ERP Connection", "ERP Instance", "Outbound Client Command", "Salla Incoming Log", "Store Account", "Sync Run"]) {
		frappe.ui.form.on(doctype, { refresh: salla_standstill.on_form });
	}
}

for (const doctype of ["ERP Connection", "ERP Instance", "Outbound Client Command", "Salla Incoming Log", "Store Account", "Sync Run"]) {
	if (frappe.listview_settings[doctype]) {
		frappe.listview_settings[doctype].refresh = salla_standstill.on_list;
	}
}
