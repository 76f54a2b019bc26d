"""A field that its model requires is required: a missing total must never read as 0."""

import inspect

import pytest

from salla_manager import payloads
from salla_manager.payloads import PayloadError, parse_payload

MODELS = [
    model
    for _, model in inspect.getmembers(payloads, inspect.isclass)
    if issubclass(model, payloads.Model) and model.__module__ == payloads.__name__
]
REQUIRED = {
    "Address": set(),
    "BrandPayload": {"external_id", "name"},
    "CategoryPayload": {"external_id", "name"},
    "CustomerPayload": {"external_id", "name"},
    "Discount": {"amount"},
    "Model": set(),
    "Component": {"external_id", "quantity"},
    "OptionValue": {"name", "value"},
    "OrderLine": {"external_id", "name", "quantity", "unit_price"},
    "OrderPayload": {"external_id", "status", "created_at", "currency", "total"},
    "OrderStatusPayload": {"external_id", "name", "slug"},
    "OrderTax": set(),
    "Payload": {"external_id"},
    "ProductPayload": {"external_id", "name"},
    "Shipping": set(),
    "VariantPayload": {"external_id", "name", "product_id"},
}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_required_fields(model):
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    assert required == REQUIRED[model.__name__]


def test_an_order_without_a_total_is_refused():
    values = {"external_id": "5", "status": "x", "created_at": "2026-01-01T00:00:00Z", "currency": "SAR"}
    with pytest.raises(PayloadError, match="total: Field required"):
        parse_payload("order", values)
