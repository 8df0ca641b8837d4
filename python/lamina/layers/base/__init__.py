"""What every layer is made of: building, calling, recording, weights, shapes, masks."""
