"""Lambda functions beyond MiniStack: errors by their own name, logs without waiting."""
