"""The page of the API docs, from files that are installed with Conclave: it works without a network."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

ASSETS_PATH = "/docs/assets"
_PACKAGE = "fastapi_offline"

router = APIRouter(include_in_schema=False)


def assets() -> StaticFiles:
    """Serve the script and the style of Swagger UI out of the package that ships them.

    Raises:
        RuntimeError: the package is not installed.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"{_PACKAGE} is not installed; install Conclave's requirements.")
    return StaticFiles(directory=Path(spec.submodule_search_locations[0]) / "static")


@router.get("/docs")
async def page(request: Request) -> HTMLResponse:
    """Answer with the page, from which every call can be tried."""
    return get_swagger_ui_html(
        openapi_url=request.app.openapi_url,
        title="Conclave: API docs",
        swagger_js_url=f"{ASSETS_PATH}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS_PATH}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS_PATH}/favicon.png",
    )
