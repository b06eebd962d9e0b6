"""Open edX instances: what settings say of them, how they are reached, and what an operator does with them."""
