"""Gradients, Hessians, and the loss as a function of a vector of weights."""
