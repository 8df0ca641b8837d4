"""Dense layers, embeddings, inputs, and layers made of users' functions."""
