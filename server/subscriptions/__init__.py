"""Subscriptions, over WebSockets (graphql-transport-ws) and event streams (SSE); other operations run there too."""
