"""The models the stand-in for Ollama has installed, and what its listing routes say about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from app.testing.fake_models.answers import Answer, Incoming, document, fields_of
from app.testing.fake_models.conversation import RefusedError

VERSION: Final = "0.31.2"
INSTALLED_AT: Final = "2026-11-02T08:15:30.5Z"
CONTEXT: Final = 131_072


@dataclass(frozen=True, slots=True)
class Installed:
    """A model on the disk; `capabilities` are completion and perhaps tools and thinking."""

    name: str
    family: str
    size: int
    parameters: str
    capabilities: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The digest of its manifest."""
        return sha256(self.name.encode()).hexdigest()

    def listed(self) -> dict[str, Any]:
        """Return the model as the listing routes show it."""
        return {"name": self.name, "model": self.name, "size": self.size, "digest": self.digest, **self.described()}

    def described(self) -> dict[str, Any]:
        """Return its details."""
        shape = {"parent_model": "", "format": "gguf", "family": self.family, "families": [self.family]}
        return {"details": {**shape, "parameter_size": self.parameters, "quantization_level": "Q4_K_M"}}


_TALKS, _CALLS, _THINKS = ("completion",), ("completion", "tools"), ("completion", "tools", "thinking")
DEFAULT: Final = (
    Installed("llama3.2:latest", "llama", 2_019_393_189, "3.2B", _CALLS),
    Installed("llama3.1:latest", "llama", 4_920_753_328, "8.0B", _CALLS),
    Installed("qwen2.5:latest", "qwen2", 4_683_087_332, "7.6B", _CALLS),
    Installed("mistral:latest", "llama", 4_372_824_384, "7.2B", _CALLS),
    Installed("qwen3:latest", "qwen3", 5_225_388_164, "8.2B", _THINKS),
    Installed("qwen3:8b", "qwen3", 5_225_388_164, "8.2B", _THINKS),
    Installed("gpt-oss:20b", "gptoss", 13_793_441_244, "20.9B", _THINKS),
    Installed("gemma2:2b", "gemma2", 1_629_518_495, "2.6B", _TALKS),
)


class Shelf:
    """The installed models by name; a name without a tag means `latest`."""

    def __init__(self, models: tuple[Installed, ...] = DEFAULT) -> None:
        self._models = {each.name: each for each in models}

    def find(self, name: Any) -> Installed:
        """Return the model.

        Raises:
            RefusedError: none was named, or it is not installed.
        """
        if not isinstance(name, str) or not name:
            raise RefusedError(400, "model is required")
        found = self._models.get(name if ":" in name else f"{name}:latest")
        if found is None:
            raise RefusedError(404, f"model '{name}' not found")
        return found

    def version(self, _incoming: Incoming) -> Answer:
        """Answer `GET /api/version`."""
        return document({"version": VERSION})

    def tags(self, _incoming: Incoming) -> Answer:
        """Answer `GET /api/tags`."""
        return document({"models": [{**each.listed(), "modified_at": INSTALLED_AT} for each in self._models.values()]})

    def loaded(self, _incoming: Incoming) -> Answer:
        """Answer `GET /api/ps`: the first model is in memory."""
        first = next(iter(self._models.values()))
        memory = {"size_vram": first.size, "context_length": 4_096, "expires_at": "2026-12-31T00:00:00Z"}
        return document({"models": [{**first.listed(), **memory}]})

    def show(self, incoming: Incoming) -> Answer:
        """Answer `POST /api/show`."""
        fields: Mapping[str, Any] = fields_of(incoming)
        model = self.find(fields.get("model") or fields.get("name"))
        return document(
            {
                "modelfile": f"FROM {model.name}",
                "template": "{{ .Prompt }}",
                **model.described(),
                "model_info": {"general.architecture": model.family, f"{model.family}.context_length": CONTEXT},
                "capabilities": list(model.capabilities),
                "modified_at": INSTALLED_AT,
            }
        )
