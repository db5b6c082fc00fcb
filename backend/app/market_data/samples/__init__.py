"""Real daily bars and headlines that ship with Conclave; NOTICE.md tells their source."""
