"""R's nnet."""
