"""What prometheus-client tells of every process, and Prometheus of every target."""

from typing import Final

from app.observability.metrics.specs import Counter, Gauge

MEMORY: Final = Gauge("process_resident_memory_bytes", "Memory in use.")
FILES: Final = Gauge("process_open_fds", "Open files and sockets.")
MOST_FILES: Final = Gauge("process_max_fds", "Files and sockets that may be open.")
CPU: Final = Counter("process_cpu_seconds_total", "Processor time.")
TARGET_UP: Final = Gauge("up", "Whether the last scrape succeeded.")
