"""The public contract: Strawberry types, inputs, payloads and enums, one module per noun."""
