"""The content of course runs: their outline, and who sees what of it when."""
