"""Recipe and model -> weights and history."""
