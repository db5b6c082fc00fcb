import subprocess
import sys

import pytest

HEAVY = ("anthropic", "ollama", "httpx", "httpx2")


@pytest.mark.parametrize(
    "built",
    ["anthropic:AnthropicProvider('k')", "ollama:OllamaProvider()", "perplexity:PerplexityProvider('k')"],
)
def test_a_vendors_library_is_not_loaded_before_the_vendor_is_asked(built):
    module, _, expression = built.partition(":")
    script = f"import sys; from app.ai.providers.{module} import *; {expression}; print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()

    assert [name for name in HEAVY if name in loaded] == []
