"""What goes wrong with servers."""


class ServiceError(Exception):
    """A server could not be installed, started or stopped; the message says why and what to do next."""
