"""Neural networks built from scalar `Value`s: layers, losses, optimisers, data and training."""
