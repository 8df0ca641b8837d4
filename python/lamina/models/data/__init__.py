"""Users' data as a model takes them: checked, converted, in batches."""
