"""Builders for what a brain is asked."""

from typing import Any

from app.testing.fake_models.conversation import Asked, OfferedTool

OBJECT: dict[str, Any] = {"type": "object", "properties": {}, "required": []}


def asked(*heard: str, told: str = "", **more: Any) -> Asked:
    return Asked(model="any", told=told, heard=heard, **more)


def a_tool(name: str = "compute_indicators", **properties: Any) -> OfferedTool:
    return OfferedTool(name, "What it does.", {**OBJECT, "properties": properties, "required": list(properties)})
