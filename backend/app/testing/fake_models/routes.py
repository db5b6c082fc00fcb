"""Which address leads to which vendor."""

from starlette.applications import Starlette
from starlette.routing import Route

from app.testing.fake_models.answers import Vendor
from app.testing.fake_models.anthropic import Anthropic
from app.testing.fake_models.control import Control
from app.testing.fake_models.desk import Desk
from app.testing.fake_models.ollama import Ollama
from app.testing.fake_models.ollama_models import Shelf
from app.testing.fake_models.perplexity import Perplexity
from app.testing.fake_models.vendor_route import VendorRoute

MODEL_PATHS = {each.name: each.model_path for each in (Anthropic, Ollama, Perplexity)}


def application(desk: Desk, key: str) -> Starlette:
    """Return the three vendors and the control routes as one application.

    Args:
        key: the only key that Claude and Perplexity accept.
    """
    shelf, control = Shelf(), Control(desk)
    ollama = Ollama(shelf)
    return Starlette(
        routes=[
            *(_model_route(desk, vendor) for vendor in (Anthropic(key), ollama, Perplexity(key))),
            *_listings(desk, ollama, shelf),
            Route("/_control", control.look, methods=["GET"]),
            Route("/_control/faults", control.add, methods=["POST"]),
            Route("/_control/faults", control.clear, methods=["DELETE"]),
        ]
    )


def _model_route(desk: Desk, vendor: Vendor) -> Route:
    path = f"/{vendor.name}{vendor.model_path}"
    return Route(path, VendorRoute(desk, vendor, vendor.model_path), methods=["POST"])


def _listings(desk: Desk, ollama: Ollama, shelf: Shelf) -> list[Route]:
    handlers = {
        ("GET", "/api/version"): shelf.version,
        ("GET", "/api/tags"): shelf.tags,
        ("GET", "/api/ps"): shelf.loaded,
        ("POST", "/api/show"): shelf.show,
    }
    return [
        Route(f"/ollama{path}", VendorRoute(desk, ollama, path, handler), methods=[method])
        for (method, path), handler in handlers.items()
    ]
