app_name = "salla_executor"
app_title = "Salla Executor"
app_publisher = "Salla Manager Contributors"
app_description = "Applies signed commands from Salla Manager to ERPNext, once in effect"
app_email = "maintainers@salla-manager.example"
app_license = "MIT"
required_apps = ["frappe/erpnext"]
