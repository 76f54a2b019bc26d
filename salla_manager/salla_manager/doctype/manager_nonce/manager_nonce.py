from salla_manager.salla_manager.hub_row import HubRow


class ManagerNonce(HubRow):
    # begin: auto-generated types
    # This code is auto-generated. Do not modify anything in this block.

    from typing import TYPE_CHECKING

    if TYPE_CHECKING:
        from frappe.types import DF

        expires: DF.Int
    # end: auto-generated types
