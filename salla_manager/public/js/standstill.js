// A copy of the hub stands still; the reason is told wherever one would look for it.
frappe.provide("salla_standstill");

// The file comes once with each DocType.
if (!salla_standstill.reason) {
	salla_standstill.reason = async () => {
		const reason = await frappe.xcall("salla_manager.api.operations.standstill", {}, "GET");
		return reason && `<b>${__("This hub stands still.")}</b> ${frappe.utils.escape_html(reason)}`;
	};

	salla_standstill.on_form = async (frm) => {
		const told = await salla_standstill.reason();
		frm.layout.message.find(".salla-standstill").closest(".form-message").remove();
		if (told) frm.layout.show_message(`<div class="salla-standstill">${told}</div>`, "red", true);
		return told;
	};

	salla_standstill.on_list = async (list) => {
		const told = await salla_standstill.reason();
		list.page.main.find(".salla-standstill").remove();
		if (told) {
			list.page.main.prepend(`<div class="form-message red border-bottom salla-standstill">${told}</div>`);
		}
	};

	for (const doctype of ["ERP Instance", "Outbound Client Command", "Salla Incoming Log", "Store Account"]) {
		frappe.ui.form.on(doctype, { refresh: salla_standstill.on_form });
	}
}

for (const doctype of ["ERP Instance", "Outbound Client Command", "Salla Incoming Log", "Store Account"]) {
	if (frappe.listview_settings[doctype]) {
		frappe.listview_settings[doctype].refresh = salla_standstill.on_list;
	}
}
