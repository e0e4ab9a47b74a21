"""One file a URI scheme: its ``Source`` and ``Sink``."""
