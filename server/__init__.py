"""The process: settings, ASGI app, sign-in, explorer and command line."""
