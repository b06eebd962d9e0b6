"""Events about certificates, sent to whoever wants to know: the sender, and the commands about it."""
